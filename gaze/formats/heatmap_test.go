package formats

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"strings"
	"testing"

	"gzpt/gaze"
)

// The pictures are made here: no sample of the Tufts data set could be had.
func pngOf(tb testing.TB, m image.Image) string {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func jpegOf(tb testing.TB, m image.Image) string {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// grey16 is a picture of 3 x 2 whose values need 16 bits.
func grey16() *image.Gray16 {
	m := image.NewGray16(image.Rect(0, 0, 3, 2))
	for i, v := range []uint16{0, 1, 255, 256, 40000, 65535} {
		m.SetGray16(i%3, i/3, color.Gray16{Y: v})
	}
	return m
}

// ramp is a picture that grows brighter to the right, in grey or in colours.
func ramp(width, height int, colour bool) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			v := uint8(x * 255 / (width - 1))
			c := color.RGBA{v, v, v, 255}
			if colour {
				c.B = 255 - v
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func TestHeatMapValues(t *testing.T) {
	set, err := readText("maps/7.png", "heatmap", pngOf(t, grey16()), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := set.Recordings[0]
	if m := r.Map; m.Rows != 2 || m.Cols != 3 || r.Width != 3 || r.Height != 2 || r.Image != "7.png" || !r.HasGaze() {
		t.Fatalf("%+v, %+v", r, m)
	}
	for i, want := range []float32{0, 1, 255, 256, 40000, 65535} {
		if r.Map.Values[i] != want {
			t.Errorf("value %d is %g, want %g of 16 bits", i, r.Map.Values[i], want)
		}
	}
	for name, text := range map[string]string{"PNG": pngOf(t, ramp(64, 32, false)), "JPEG": jpegOf(t, ramp(64, 32, false))} {
		set, err := readText("maps/8.png", "heatmap", text, ReadOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m, dst := set.Recordings[0].Map, make([]float32, 2)
		if !m.Average(dst, 1, 2) || dst[1] < 2.8*dst[0] || dst[1] > 3.2*dst[0] {
			t.Errorf("%s: the halves of a ramp weigh %v, want 1 to 3", name, dst)
		}
	}
}

func TestBadHeatMaps(t *testing.T) {
	whole := pngOf(t, grey16())
	clear := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	for name, tc := range map[string]struct{ text, want string }{
		"empty":       {"", "m.png: image: unknown format, expected a heat map as a PNG or JPEG picture"},
		"a table":     {crowdHeader, "m.png: image: unknown format"},
		"colour":      {pngOf(t, ramp(8, 4, true)), "m.png: a colour or transparency at column 1 of row 1, expected a picture in opaque grey"},
		"transparent": {pngOf(t, clear), "m.png: a colour or transparency at column 1 of row 1"},
		"black":       {pngOf(t, image.NewGray(image.Rect(0, 0, 5, 5))), "m.png: a picture that is black all over, expected a heat map"},
		"cut off":     {whole[:len(whole)-20], "m.png: "},
		"too wide":    {whole[:16] + "\x00\x02\x00\x00\x00\x00\x00\x01" + whole[24:], "m.png: "},
	} {
		for _, skip := range []bool{false, true} {
			set, err := readText("m.png", "heatmap", tc.text, ReadOptions{SkipBad: skip})
			if skip && (err != nil || len(set.Skips) != 1 || len(set.Recordings) != 0) || !skip && (err == nil || !strings.HasPrefix(err.Error(), tc.want)) {
				t.Errorf("%s: error %v, set %+v, want %q", name, err, set, tc.want)
			}
		}
	}
}

// Pictures are heat maps where the format is named or a manifest says so, and never otherwise.
func TestHeatMapFiles(t *testing.T) {
	picture, photo := pngOf(t, grey16()), jpegOf(t, ramp(6, 4, false))
	files := map[string]string{"maps/1.png": picture, "maps/2.JPG": photo, "maps/notes.txt": "x", "tufts/Expert/gaze_map/gray/1.jpg": photo, "tufts/Radiographs/1.JPG": photo}
	dir := write(t, files)
	for _, tc := range []struct {
		path   string
		format string
		want   []string // images, or an error
	}{
		{"maps", "heatmap", []string{"1.png", "2.JPG"}},
		{"maps/1.png", "heatmap", []string{"1.png"}},
		{"tufts", "heatmap", []string{"1.jpg"}},
		{"maps", "", []string{"no gaze file found"}},
		{"tufts", "", []string{"no gaze file found"}},
		{"maps/1.png", "", []string{"the header fits no known gaze format"}},
	} {
		set, err := Load(filepath.Join(dir, tc.path), ReadOptions{Format: tc.format})
		if err != nil {
			if len(tc.want) != 1 || !strings.Contains(err.Error(), tc.want[0]) {
				t.Errorf("%s: error %v, want %q", tc.path, err, tc.want)
			}
			continue
		}
		var got []string
		for _, r := range set.Recordings {
			got = append(got, r.Image)
		}
		if strings.Join(got, " ") != strings.Join(tc.want, " ") {
			t.Errorf("%s: images %q, want %q", tc.path, got, tc.want)
		}
	}

	files["items.csv"] = "image,label,gaze\nimages/one.jpg,a,maps/1.png\nimages/two.jpg,b,maps/1.png\nimages/three.jpg,b,maps/2.JPG\n"
	set, err := Load(write(t, files), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	images := []Image{{Name: "images/one.jpg", Width: 300, Height: 200}, {Name: "images/two.jpg", Width: 30, Height: 20}, {Name: "images/three.jpg", Width: 6, Height: 4}}
	items, _, err := set.Align(images, AlignOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range items {
		if len(item) != 1 || item[0].Map == nil || !gaze.HeatMap(make([]float32, 4), item[0], 2, 2, gaze.Spread{Fraction: .1}) {
			t.Errorf("%s: %+v", images[i].Name, item)
		}
	}
	if _, _, err = set.Align([]Image{{Name: "images/one.jpg", Width: 200, Height: 300}, images[1], images[2]}, AlignOptions{}); err == nil || !strings.Contains(err.Error(), "another shape") {
		t.Errorf("a map of another shape: %v", err)
	}
	files["items.csv"] = "image,gaze\nimages/one.jpg,maps/none.png\n"
	if _, err := Load(write(t, files), ReadOptions{}); err == nil || !strings.Contains(err.Error(), `items.csv:2:16: gaze is "maps/none.png", expected a readable gaze file`) {
		t.Errorf("a picture that is not there: %v", err)
	}
}

func FuzzHeatMap(f *testing.F) {
	f.Add([]byte(pngOf(f, grey16())))
	f.Add([]byte(pngOf(f, ramp(3, 2, false))))
	f.Add([]byte(jpegOf(f, ramp(8, 8, false))))
	f.Fuzz(func(t *testing.T, in []byte) {
		if config, _, err := image.DecodeConfig(bytes.NewReader(in)); err == nil && config.Width*config.Height > 1<<20 {
			return // slow, and no other than a small one
		}
		check(t, "heatmap", "g.png", in)
	})
}
