package similarity

import "gzpt/gaze"

// How a fixation is drawn, and mapParameters: the settings of every measure that compares fixation maps.
var (
	degreesParameter = Parameter{Name: "degrees", Default: "1", About: "standard deviation of a fixation's Gaussian in degrees of visual angle, where the pixels in a degree are known; 0 takes sigma for all", Least: 0, Most: 45}
	sigmaParameter   = Parameter{Name: "sigma", Default: "0.05", About: "standard deviation of a fixation's Gaussian as a fraction of the image's width, where they are not", Least: 1e-3, Most: 1}
	mapParameters    = []Parameter{degreesParameter, sigmaParameter, {Name: "grid", Default: "32", About: "rows and columns of the map", Least: 2, Most: 256}}
)

// spread is how fixations are drawn.
func (w *work) spread() gaze.Spread {
	return gaze.Spread{Degrees: w.settings.number("degrees"), Fraction: w.settings.number("sigma")}
}

// maps is the fixation map of every path, grid x grid cells each, one after the other.
func (w *work) maps() ([]float32, error) {
	n, grid := len(w.paths), int(w.settings.number("grid"))
	maps := make([]float32, n*grid*grid)
	spread := w.spread()
	err := w.each(n, func() func(int) {
		return func(i int) {
			gaze.HeatMap(maps[i*grid*grid:(i+1)*grid*grid], w.paths[i], grid, grid, spread)
		}
	})
	return maps, err
}
