package formats

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // heat maps are of either kind
	_ "image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gzpt/gaze"
)

// Heat maps as pictures: a grey PNG of 8 or 16 bits or a JPEG for each image, of the image's name and shape, the brighter
// the longer it was looked at. The Tufts dental data set (Panetta et al., IEEE JBHI 2022) has Expert/gaze_map/gray/1.jpg
// for Radiographs/1.JPG. As nothing tells such a picture from an image, the format is never guessed: it is named, or a
// manifest's column gaze names the picture.
func init() {
	never := func([]byte) bool { return false }
	registerFormat(format{
		name:  "heatmap",
		about: "a grey picture for each image, the brighter the longer it was looked at; never guessed",
		sniff: never, loose: isPNGOrJPEG, read: readHeatMap, list: listHeatMaps, perImage: true, extensions: pictures,
	})
}

var pictures = []string{".png", ".jpg", ".jpeg"}

func isPicture(file string) bool {
	return slices.Contains(pictures, strings.ToLower(filepath.Ext(file)))
}

func isPNGOrJPEG(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")) || bytes.HasPrefix(head, []byte("\xff\xd8\xff"))
}

// listHeatMaps is the pictures in the data set's folder of heat maps.
func listHeatMaps(dir string, o ReadOptions) ([]string, error) {
	if o.Format != "heatmap" {
		return nil, nil
	}
	for _, sub := range []string{"Expert/gaze_map/gray", "gaze_map/gray", "gaze_map"} {
		folder := filepath.Join(dir, filepath.FromSlash(sub))
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return filesIn(folder, isPicture)
		}
	}
	return nil, nil
}

// filesIn is the files of a folder, sorted, whose names are wanted; none where there is no such folder.
func filesIn(folder string, wanted func(name string) bool) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && wanted(e.Name()) {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files, nil
}

// maxMap bounds the pixels of a heat map, against a small file that says it is huge.
const maxMap = 1 << 25

func readHeatMap(s *source) error { return s.pass(s.heatMap()) }

func (s *source) heatMap() error {
	bad := func(format string, a ...any) error {
		return gaze.Problem{File: s.file, Reason: fmt.Sprintf(format, a...)}
	}
	data, err := readWhole(s.file, s.reader)
	if err != nil {
		return err
	}
	config, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return bad("%v, expected a heat map as a PNG or JPEG picture", err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxFrame || config.Height > maxFrame || config.Width*config.Height > maxMap {
		return bad("a %s picture of %d x %d, expected sides of 1 to %d and no more than %d pixels", kind, config.Width, config.Height, maxFrame, maxMap)
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return bad("%v, expected a whole %s picture", err, kind)
	}
	m := &gaze.Map{Rows: config.Height, Cols: config.Width, Values: make([]float32, config.Width*config.Height)}
	if x, y, ok := greys(m, picture); !ok {
		return bad("a colour or transparency at column %d of row %d, expected a picture in opaque grey", x+1, y+1)
	}
	r := gaze.Recording{Image: s.image, Width: float64(config.Width), Height: float64(config.Height), Map: m, File: s.file, Line: 1}
	if r.Image == "" {
		r.Image = filepath.Base(s.file)
	}
	if !r.HasGaze() {
		return bad("a picture that is black all over, expected a heat map")
	}
	return s.set.keep(r, 0)
}

// maxTint is by how much of 65535 the colours of a grey pixel may differ: what JPEG makes of grey.
const maxTint = 3 * 257

// greys fills a map with the brightness of a picture, 16 bits deep; where a pixel has a colour it says so.
func greys(m *gaze.Map, picture image.Image) (x, y int, ok bool) {
	corner := picture.Bounds().Min
	for y := range m.Rows {
		for x := range m.Cols {
			r, g, b, a := picture.At(corner.X+x, corner.Y+y).RGBA()
			if max(r, g, b)-min(r, g, b) > maxTint || a != 0xffff {
				return x, y, false
			}
			m.Values[y*m.Cols+x] = float32(g)
		}
	}
	return 0, 0, true
}
