package heatmaps

import (
	"math"
	"slices"

	"gzpt/gaze/relation"
	"gzpt/gaze/similarity/internal/measure"
)

func init() {
	measure.Register(measure.Measure{
		Name:       "ssim",
		About:      "structural similarity of the maps: the same shapes in the same places",
		Parameters: []measure.Parameter{measure.Sigma, gridParameter(32, ssimWindow, 256)},
		Prepare:    prepareSSIM,
	})
}

const (
	// ssimWindow is the rows and columns of a window, ssimSigma the standard deviation of the Gaussian that weighs them.
	ssimWindow, ssimSigma = 11, 1.5
	// ssimC1 and ssimC2 are (0.01 L)^2 and (0.03 L)^2 for maps whose range L is 1.
	ssimC1, ssimC2 = 0.01 * 0.01, 0.03 * 0.03
)

// prepareSSIM: R_ij = the mean of the structural similarity (Wang et al., IEEE Transactions on Image Processing 2004) over all
// windows of 11 x 11 that lie within the maps,
//
//	SSIM = (2 mx my + C1)(2 cxy + C2) / ((mx^2 + my^2 + C1)(vx + vy + C2)),  C1 = 0.01^2, C2 = 0.03^2,
//
// with the means m, variances v and covariance c of a window weighted by a Gaussian of standard deviation 1.5 cells. Maps
// are scaled to a maximum of 1. It lies between -1 and 1; where both maps are flat it is 1, so maps with much empty
// space are alike.
func prepareSSIM(w *measure.Work) (relation.Blocks, error) {
	grid := gridOf(w)
	cells, wide := grid*grid, grid-ssimWindow+1
	windows := wide * wide
	maps, err := mapsOf(w)
	if err != nil {
		return relation.Blocks{}, err
	}
	n := len(w.Paths)
	// The means stay in float64, or what is left of a product without the means' would lose their rounding.
	means, variances := make([]float64, n*windows), make([]float32, n*windows)
	err = w.Each(n, func() func(int) {
		f := newWindowFilter(grid)
		ones := slices.Repeat([]float32{1}, cells)
		return func(i int) {
			own := maps[i*cells : (i+1)*cells]
			if largest := slices.Max(own); largest > 0 {
				for k := range own {
					own[k] /= largest
				}
			}
			copy(means[i*windows:], f.mean(own, ones))
			for k, square := range f.mean(own, own) {
				mean := means[i*windows+k]
				variances[i*windows+k] = float32(max(square-mean*mean, 0))
			}
		}
	})
	if err != nil {
		return relation.Blocks{}, err
	}
	return w.Pairs(func() func(i, j int) float64 {
		f := newWindowFilter(grid)
		return func(i, j int) float64 {
			mx, my := means[i*windows:(i+1)*windows], means[j*windows:(j+1)*windows]
			vx, vy := variances[i*windows:(i+1)*windows], variances[j*windows:(j+1)*windows]
			sum := 0.0
			for k, xy := range f.mean(maps[i*cells:(i+1)*cells], maps[j*cells:(j+1)*cells]) {
				x, y := mx[k], my[k]
				sum += (2*x*y + ssimC1) * (2*(xy-x*y) + ssimC2) / ((x*x + y*y + ssimC1) * (float64(vx[k]) + float64(vy[k]) + ssimC2))
			}
			return sum / float64(windows)
		}
	})
}

// ssimWeights is the Gaussian of a window along one axis; it sums to 1.
var ssimWeights = func() (weights [ssimWindow]float64) {
	sum := 0.0
	for k := range weights {
		d := float64(k-ssimWindow/2) / ssimSigma
		weights[k] = math.Exp(-d * d / 2)
		sum += weights[k]
	}
	for k := range weights {
		weights[k] /= sum
	}
	return weights
}()

// windowFilter takes weighted means over windows; its slices are scratch.
type windowFilter struct {
	grid, wide  int
	line        []float64
	across, out []float64
}

func newWindowFilter(grid int) *windowFilter {
	wide := grid - ssimWindow + 1
	return &windowFilter{grid, wide, make([]float64, grid), make([]float64, grid*wide), make([]float64, wide*wide)}
}

// mean is the weighted mean of x*y over every window, row-major, until the next call.
func (f *windowFilter) mean(x, y []float32) []float64 {
	half := ssimWeights[:ssimWindow/2+1] // the other half is its mirror image
	for r := range f.grid {
		for k, v := range x[r*f.grid : (r+1)*f.grid] {
			f.line[k] = float64(v) * float64(y[r*f.grid+k])
		}
		out := f.across[r*f.wide : (r+1)*f.wide]
		for c := range out {
			l := (*[ssimWindow]float64)(f.line[c:])
			out[c] = half[0]*(l[0]+l[10]) + half[1]*(l[1]+l[9]) + half[2]*(l[2]+l[8]) +
				half[3]*(l[3]+l[7]) + half[4]*(l[4]+l[6]) + half[5]*l[5]
		}
	}
	for r := range f.wide {
		row := func(k int) []float64 { return f.across[(r+k)*f.wide:][:f.wide] }
		out := f.out[r*f.wide : (r+1)*f.wide]
		for c, v := range row(ssimWindow / 2) {
			out[c] = half[ssimWindow/2] * v
		}
		for k, weight := range half[:ssimWindow/2] {
			above, below := row(k), row(ssimWindow-1-k)
			for c := range out {
				out[c] += weight * (above[c] + below[c])
			}
		}
	}
	return f.out
}
