package data

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"gzpt/nn/data/picture"
	"gzpt/nn/data/picture/picturetest"
)

func TestStamp(t *testing.T) {
	at := stamp{size: 5, modified: 6, inode: 7, changed: 8}
	for name, c := range map[string]struct {
		now  stamp
		same bool
	}{
		"nothing":       {at, true},
		"size":          {stamp{4, 6, 7, 8}, false},
		"time":          {stamp{5, 5, 7, 8}, false},
		"another inode": {stamp{5, 6, 8, 8}, false},
		"the inode":     {stamp{5, 6, 7, 9}, false},
	} {
		if got := at.same(c.now); got != c.same {
			t.Errorf("%s changed: the same for certain: %v", name, got)
		}
	}
	if fresh := (stamp{5, 6, 7, 0}); fresh.same(fresh) {
		t.Error("a stamp that is too fresh is relied on")
	}
}

// TestCacheIsRenewed: a file whose stamp has changed and whose bytes have not has its new stamp in the cache file
// afterwards, and the pixels are not decoded again.
func TestCacheIsRenewed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no inodes here")
	}
	items, o := pictures(t, 3), CacheOptions{Folder: t.TempDir(), ImageSize: 7, Channels: 1}
	want := allPixels(t, openCache(t, items, o))
	path := cacheFile(t, o.Folder)
	before := indexOf(t, path)
	replaceFile(t, items[1].Path, func(b []byte) []byte { return b })
	for range 2 {
		c := openCache(t, items, o)
		if c.Rebuilt() != "" || !samePixels(allPixels(t, c), want) {
			t.Errorf("rebuilt %q, or other pixels", c.Rebuilt())
		}
	}
	after := indexOf(t, path)
	if a, b := before.entries[1], after.entries[1]; a.inode == b.inode || b.inode != stampOf(items[1].Path).inode || a.file != b.file {
		t.Errorf("the entry was %+v and is %+v", a, b)
	}
}

func indexOf(t *testing.T, path string) index {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x, err := readIndex(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestOldCacheIsNotRead: the file of the version before has another name and, under that of this one, another version.
func TestOldCacheIsNotRead(t *testing.T) {
	items, o := pictures(t, 2), CacheOptions{Folder: t.TempDir(), ImageSize: 7, Channels: 1}
	openCache(t, items, o)
	path := cacheFile(t, o.Folder)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(magic)] = 1
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	if c := openCache(t, items, o); c.Rebuilt() == "" {
		t.Error("a cache of another version is read")
	}
}

func TestWindows(t *testing.T) {
	values := []uint16{0, 100, 1000, 3000, 4000}
	m := picture.New(len(values), 1, 1, 16)
	copy(m.Pix16, values)
	var e entry
	e.bits = 16
	e.measure(m)
	var all Values
	all.add(&e)
	for _, c := range []struct {
		text string
		want [5]float32
	}{
		{"", [5]float32{0, 100. / 65535, 1000. / 65535, 3000. / 65535, 4000. / 65535}},
		{"auto", [5]float32{0, 100. / 4095, 1000. / 4095, 3000. / 4095, 4000. / 4095}},
		{"1000,3000", [5]float32{0, 0, 0, 1, 1}},
		{"100, 1100", [5]float32{0, 0, .9, 1, 1}},
		{"percentile", [5]float32{0, .025, .25, .75, 1}},
	} {
		rule, err := parseWindow(c.text)
		if err == nil {
			rule, err = rule.resolve(all)
		}
		if err != nil {
			t.Fatal(err)
		}
		m.Window = rule.window(&e)
		var got [5]float32
		if m.Fractions(got[:], 1); got != c.want {
			t.Errorf("window %q: %v, expected %v", c.text, got, c.want)
		}
	}
	for _, text := range []string{"wide", "1", "1,", "5,5", "7,3", "-1,5", "0,65536", "0,1,2"} {
		if CheckWindow(text) == nil {
			t.Errorf("window %q is taken", text)
		}
	}
}

// TestPercentiles are of an image's own values: two outliers in a thousand do not stretch the window.
func TestPercentiles(t *testing.T) {
	m := picture.New(1000, 1, 1, 8)
	for i := range m.Pix8 {
		m.Pix8[i] = uint8(50 + i/10)
	}
	m.Pix8[0], m.Pix8[999] = 0, 255
	var e entry
	if e.measure(m); e.low != 0 || e.high != 255 || e.percentLow != 50 || e.percentHigh != 149 {
		t.Errorf("values %d to %d, percentiles %d to %d", e.low, e.high, e.percentLow, e.percentHigh)
	}
	clear(m.Pix8)
	m.Pix8[5] = 90
	if e.measure(m); e.percentLow != 0 || e.percentHigh != 90 {
		t.Errorf("of nearly one value: percentiles %d to %d", e.percentLow, e.percentHigh)
	}
}

func TestUnusedRange(t *testing.T) {
	for _, c := range []struct {
		bits, low, high int
		want, window    string
	}{
		{16, 0, 4095, "no image of 16 bits uses more than 12 of them: values from 0 to 4095 of 65535", "auto"},
		{16, 30000, 34000, "the images of 16 bits have values from 30000 to 34000 of 65535 alone", "30000,34000"},
		{8, 0, 1, "no image of 8 bits uses more than 1 of them: values from 0 to 1 of 255", "auto"},
		{8, 255, 255, "the images of 8 bits have values from 255 to 255 of 255 alone", "255,256"},
		{16, 0, 60000, "", ""},
		{8, 10, 240, "", ""},
	} {
		var v Values
		v.add(&entry{bits: c.bits, low: c.low, high: c.high})
		if got, window := v.Unused(); got != c.want || window != c.window {
			t.Errorf("%d bits, %d to %d: %q and %q, expected %q and %q", c.bits, c.low, c.high, got, window, c.want, c.window)
		}
	}
}

// TestCacheTurnsAndScales: pixels, the whole image and its size are the same by way of the cache and of the file.
func TestCacheTurnsAndScales(t *testing.T) {
	var items []Item
	folder := t.TempDir()
	for _, c := range picturetest.Cases(t) {
		if c.Name == "jpeg-orientation-6" || c.Name == "jpeg-orientation-1" {
			path := filepath.Join(folder, c.Name)
			if err := os.WriteFile(path, c.File, 0o666); err != nil {
				t.Fatal(err)
			}
			items = append(items, Item{Name: c.Name, Path: path})
		}
	}
	o := CacheOptions{Folder: t.TempDir(), ImageSize: 7, Channels: 1}
	stored := openCache(t, items, o)
	if got := stored.Tagged(); len(got) != 1 || items[got[0]].Name != "jpeg-orientation-6" {
		t.Errorf("tagged items %v", got)
	}
	o.Upright, o.Window = true, "20,200"
	upright := openCache(t, items, o)
	if got := upright.Tagged(); len(got) > 0 || upright.Window() != "20,200" {
		t.Errorf("tagged items %v, window %q", got, upright.Window())
	}
	for i := range items {
		m, err := upright.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		if w, h := upright.Size(i); w != m.Width || h != m.Height {
			t.Errorf("size %d x %d, image %d x %d", w, h, m.Width, m.Height)
		}
		want := make([]float32, 64)
		m.Square(8, 1).Fractions(want, 1)
		if got := allPixels(t, upright)[i]; !samePixels([][]float32{got}, [][]float32{want}) {
			t.Errorf("item %d: %v, expected %v", i, got, want)
		}
		a, b := stored.Checksum(i), upright.Checksum(i)
		if turned := items[i].Name == "jpeg-orientation-6"; (a+"-20-200" == b) == turned || len(a) != 32 {
			t.Errorf("checksums %s and %s, turned %v", a, b, turned)
		}
	}
}

// TestOneWindowForOneDepth: the same two values in images of 8 and of 16 bits are refused.
func TestOneWindowForOneDepth(t *testing.T) {
	items := pictures(t, 2) // of 8 and of 16 bits
	for text, bad := range map[string]bool{"auto": true, "0,100": true, "percentile": false, "": false} {
		c, err := OpenCache(t.Context(), items, CacheOptions{ImageSize: 7, Channels: 1, Window: text})
		if err == nil {
			c.Close()
		}
		if (err != nil) != bad {
			t.Errorf("window %q: %v", text, err)
		}
	}
}
