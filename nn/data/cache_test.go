package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/image/bmp"

	"gzpt/nn/data/picture"
)

// pictures makes image files of every kind of depth and channels in a folder, and lists them.
func pictures(t testing.TB, n int) []Item {
	t.Helper()
	root := t.TempDir()
	items := make([]Item, n)
	for i := range items {
		w, h := 20+3*i, 31-2*i%20
		var m image.Image
		at := image.Rect(0, 0, w, h)
		switch i % 4 {
		case 0:
			g := image.NewGray(at)
			for k := range g.Pix {
				g.Pix[k] = uint8(k * (i + 3))
			}
			m = g
		case 1:
			g := image.NewGray16(at)
			for k := range g.Pix {
				g.Pix[k] = uint8(k * (i + 5))
			}
			m = g
		case 2:
			g := image.NewNRGBA(at)
			for k := range w * h {
				g.SetNRGBA(k%w, k/w, color.NRGBA{uint8(k * i), uint8(3 * k), uint8(k / w), 255})
			}
			m = g
		case 3:
			g := image.NewNRGBA64(at)
			for k := range w * h {
				g.SetNRGBA64(k%w, k/w, color.NRGBA64{uint16(k * i * 99), uint16(333 * k), uint16(k), 65535})
			}
			m = g
		}
		name := fmt.Sprintf("%d.png", i)
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, encode(t, m), 0o666); err != nil {
			t.Fatal(err)
		}
		items[i] = Item{Name: name, Path: path, File: "items.csv", Line: i + 2}
	}
	return items
}

// encode is a PNG file.
func encode(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bitmap is a BMP file of a size that does not depend on its pixels.
func bitmap(value uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, 4, 4))
	for k := range m.Pix {
		m.Pix[k] = value
	}
	var b bytes.Buffer
	if err := bmp.Encode(&b, m); err != nil {
		panic(err) // memory takes everything
	}
	return b.Bytes()
}

// overwrite changes the bytes of a file but not its time.
func overwrite(t testing.TB, path string, content []byte) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path, content, 0o666), os.Chtimes(path, info.ModTime(), info.ModTime())); err != nil {
		t.Fatal(err)
	}
}

// replaceFile puts a new file of the same time in the place of one, as cp -p, rsync -t and tar do.
func replaceFile(t testing.TB, path string, edit func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", edit(content), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chtimes(path+".new", info.ModTime(), info.ModTime()), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

func openCache(t testing.TB, items []Item, o CacheOptions) *Cache {
	t.Helper()
	c, err := OpenCache(t.Context(), items, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// allPixels is what a source holds.
func allPixels(t testing.TB, s Source) [][]float32 {
	t.Helper()
	all := make([][]float32, len(s.Items()))
	for i := range all {
		all[i] = make([]float32, s.Side()*s.Side()*s.Channels())
		if err := s.Pixels(all[i], i); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func samePixels(a, b [][]float32) bool { return slices.EqualFunc(a, b, slices.Equal[[]float32]) }

// cacheFile is the one file of a cache folder.
func cacheFile(t testing.TB, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("the cache's folder holds %v, %v, expected one file", entries, err)
	}
	return filepath.Join(folder, entries[0].Name())
}

// TestCacheHoldsThePixels: in memory, from a file that was just made, and from the same file opened again, kept in memory
// or read piece by piece, whatever the number of workers.
func TestCacheHoldsThePixels(t *testing.T) {
	items := pictures(t, 8)
	for _, channels := range []int{1, 3} {
		o := CacheOptions{ImageSize: 14, Channels: channels}
		inMemory := openCache(t, items, o)
		want := allPixels(t, inMemory)
		for i, item := range items {
			m, err := picture.DecodeFile(item.Path)
			if err != nil {
				t.Fatal(err)
			}
			direct := make([]float32, 16*16*channels)
			m.Square(16, channels).Fractions(direct, channels)
			if !slices.Equal(direct, want[i]) {
				t.Errorf("%d channels: the pixels of item %d are not those of the file", channels, i)
			}
			if w, h := inMemory.Size(i); w != m.Width || h != m.Height {
				t.Errorf("size %d x %d, expected %d x %d", w, h, m.Width, m.Height)
			}
			if again, err := inMemory.Image(i); err != nil || !slices.Equal(again.Pix8, m.Pix8) || !slices.Equal(again.Pix16, m.Pix16) {
				t.Errorf("item %d decodes to another image, %v", i, err)
			}
		}
		o.Folder = filepath.Join(t.TempDir(), "a", "b")
		for k, workers := range []int{1, 3, 0} {
			for _, memory := range []int{0, 1} {
				o.Workers, o.Memory = workers, memory
				c := openCache(t, items, o)
				if !samePixels(allPixels(t, c), want) {
					t.Errorf("%d channels, %d workers, memory %d: other pixels", channels, workers, memory)
				}
				if reason := c.Rebuilt(); (k == 0 && memory == 0) != (reason == "no cache yet") {
					t.Errorf("rebuilt: %q", reason)
				}
				if (memory == 1) != (c.file != nil) {
					t.Errorf("memory %d: the file is open: %v", memory, c.file != nil)
				}
			}
		}
		cacheFile(t, o.Folder)
	}
}

// TestStaleCaches: each change of the sources or options is seen.
func TestStaleCaches(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, items []Item, o *CacheOptions) []Item
		want   string // in the reason
	}{
		{"nothing", func(_ *testing.T, items []Item, _ *CacheOptions) []Item { return items }, ""},
		{"labels alone", func(_ *testing.T, items []Item, _ *CacheOptions) []Item { items[0].Label = "x"; return items }, ""},
		{"the time of a file, not its bytes", func(t *testing.T, items []Item, _ *CacheOptions) []Item {
			now := time.Now().Add(time.Hour)
			if err := os.Chtimes(items[2].Path, now, now); err != nil {
				t.Fatal(err)
			}
			return items
		}, ""},
		{"a copy of a file in its place", func(t *testing.T, items []Item, _ *CacheOptions) []Item {
			replaceFile(t, items[2].Path, func(b []byte) []byte { return b })
			return items
		}, ""},
		{"the bytes of a file, not its size and time", func(t *testing.T, items []Item, _ *CacheOptions) []Item {
			replaceFile(t, items[2].Path, func([]byte) []byte { return bitmap(30) })
			openCache(t, items, CacheOptions{ImageSize: 7, Channels: 3}) // it can be decoded
			return items
		}, "2.png has changed"},
		{"the bytes of a file that was written over", func(t *testing.T, items []Item, _ *CacheOptions) []Item {
			overwrite(t, items[1].Path, bitmap(31))
			return items
		}, "1.png has changed"},
		{"the window", func(_ *testing.T, items []Item, o *CacheOptions) []Item { o.Window = "percentile"; return items }, ""},
		{"upright", func(_ *testing.T, items []Item, o *CacheOptions) []Item { o.Upright = true; return items }, "no cache yet"},
		{"the size of a file", func(t *testing.T, items []Item, _ *CacheOptions) []Item {
			info, err := os.Stat(items[1].Path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(items[1].Path, encode(t, image.NewGray(image.Rect(0, 0, 9, 9))), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(items[1].Path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
			return items
		}, "1.png has changed"},
		{"the order", func(_ *testing.T, items []Item, _ *CacheOptions) []Item {
			return []Item{items[1], items[0], items[2], items[3]}
		}, "no cache yet"},
		{"an item less", func(_ *testing.T, items []Item, _ *CacheOptions) []Item { return items[:3] }, "no cache yet"},
		{"the image size", func(_ *testing.T, items []Item, o *CacheOptions) []Item { o.ImageSize = 21; return items }, "no cache yet"},
		{"the channels", func(_ *testing.T, items []Item, o *CacheOptions) []Item { o.Channels = 1; return items }, "no cache yet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			items, o := pictures(t, 4), CacheOptions{Folder: t.TempDir(), ImageSize: 7, Channels: 3}
			for _, i := range []int{1, 2} {
				overwrite(t, items[i].Path, bitmap(uint8(i)))
			}
			openCache(t, items, o)
			items = c.change(t, items, &o)
			cache := openCache(t, items, o)
			if got := cache.Rebuilt(); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("rebuilt: %q, expected %q", got, c.want)
			}
			o.Folder = ""
			if !samePixels(allPixels(t, cache), allPixels(t, openCache(t, items, o))) {
				t.Error("the cache has other pixels than the files")
			}
		})
	}
}

// TestDamagedCaches: a cache file that is cut off anywhere, or has any one byte changed, or is not a cache, is made anew;
// it never gives other pixels and never fails.
func TestDamagedCaches(t *testing.T) {
	items, o := pictures(t, 2), CacheOptions{Folder: t.TempDir(), ImageSize: 3, Channels: 1, Workers: 1}
	want := allPixels(t, openCache(t, items, o))
	path := cacheFile(t, o.Folder)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		c := openCache(t, items, o)
		if !strings.Contains(c.Rebuilt(), "corrupt") && !strings.Contains(c.Rebuilt(), "stale") {
			t.Errorf("%s: rebuilt: %q", what, c.Rebuilt())
		}
		if !samePixels(allPixels(t, c), want) {
			t.Errorf("%s: other pixels", what)
		}
		if again := openCache(t, items, o); again.Rebuilt() != "" {
			t.Errorf("%s: rebuilt twice: %q", what, again.Rebuilt())
		}
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	for n := 0; n < len(whole); n += step {
		check(fmt.Sprintf("cut off at %d", n), whole[:n])
		b := bytes.Clone(whole)
		b[n] ^= 1 << (n % 8)
		check(fmt.Sprintf("byte %d changed", n), b)
	}
	check("longer", append(bytes.Clone(whole), 0))
	check("not a cache", bytes.Repeat([]byte("image,label\n"), 100))
}

// TestDamageWhileReading: pixels that are read from the file when needed are checked then.
func TestDamageWhileReading(t *testing.T) {
	items, o := pictures(t, 3), CacheOptions{Folder: t.TempDir(), ImageSize: 7, Channels: 1, Memory: 1}
	c := openCache(t, items, o)
	f, err := os.OpenFile(cacheFile(t, o.Folder), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1, 2, 3, 4}, c.entries[1].offset+5); err != nil {
		t.Fatal(err)
	}
	pixels := make([]float32, 8*8)
	if err := c.Pixels(pixels, 0); err != nil {
		t.Error(err)
	}
	if err := c.Pixels(pixels, 1); !errors.Is(err, errCorrupt) || !strings.Contains(err.Error(), `image "1.png"`) || !strings.Contains(err.Error(), f.Name()) {
		t.Errorf("error %v, expected one that names the image and the file", err)
	}
	if err := f.Truncate(20); err != nil {
		t.Fatal(err)
	}
	if err := c.Pixels(pixels, 2); err == nil {
		t.Error("pixels come out of a file that was cut off")
	}
}

// TestBadImages: an image that is missing or cannot be decoded is an error that names its line in the list, or a skip.
func TestBadImages(t *testing.T) {
	for _, cached := range []bool{false, true} {
		items, o := pictures(t, 5), CacheOptions{ImageSize: 7, Channels: 1}
		if cached {
			o.Folder = t.TempDir()
		}
		if err := os.Remove(items[1].Path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(items[3].Path, []byte("no image"), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 4} {
			o.Workers, o.SkipBad = workers, false
			_, err := OpenCache(t.Context(), items, o)
			var p Problem
			if !errors.As(err, &p) || p.Line != 3 || p.File != "items.csv" || p.Item != "1.png" || !errors.Is(err, os.ErrNotExist) {
				t.Fatalf("error %v, expected the first bad image at items.csv:3", err)
			}
			if !strings.HasPrefix(err.Error(), "items.csv:3: ") {
				t.Errorf("error %v, expected it to begin with where the image is listed", err)
			}
			if cached {
				if left, _ := os.ReadDir(o.Folder); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
			}
		}
		o.SkipBad = true
		for k := range 2 {
			c := openCache(t, items, o)
			var names []string
			for _, item := range c.Items() {
				names = append(names, item.Name)
			}
			if !slices.Equal(names, []string{"0.png", "2.png", "4.png"}) {
				t.Errorf("items %q", names)
			}
			skipped := c.Skipped()
			if len(skipped) != 2 || skipped[0].Line != 3 || skipped[1].Line != 5 || !strings.Contains(skipped[1].Reason, "not an image that can be decoded") {
				t.Errorf("skipped %v", skipped)
			}
			if cached && k == 1 && c.Rebuilt() != "" {
				t.Errorf("rebuilt: %q", c.Rebuilt())
			}
			for i, item := range c.Items() {
				m, err := picture.DecodeFile(item.Path)
				if err != nil {
					t.Fatal(err)
				}
				want, got := make([]float32, 64), make([]float32, 64)
				m.Square(8, 1).Fractions(want, 1)
				if err := c.Pixels(got, i); err != nil || !slices.Equal(got, want) {
					t.Errorf("item %d has other pixels, %v", i, err)
				}
			}
		}
		if cached { // the cache knows of skips; without SkipBad they are errors still
			o.SkipBad = false
			var p Problem
			if _, err := OpenCache(t.Context(), items, o); !errors.As(err, &p) || p.Line != 3 {
				t.Errorf("error %v", err)
			}
		}
		o.SkipBad = true
		if _, err := OpenCache(t.Context(), []Item{items[1], items[3]}, o); err == nil || !strings.HasPrefix(err.Error(), "no image can be used; 2 skipped, the first: items.csv:3:") {
			t.Errorf("nothing but bad images gives error %v", err)
		}
	}
}

// TestFaultsThatPass: a file that could not be read for a reason that does not show in its size and time is tried again.
func TestFaultsThatPass(t *testing.T) {
	items, o := pictures(t, 3), CacheOptions{Folder: t.TempDir(), ImageSize: 7, Channels: 1, SkipBad: true}
	good, err := os.ReadFile(items[1].Path)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	write := func(content []byte) {
		if err := errors.Join(os.WriteFile(items[1].Path, content, 0o666), os.Chtimes(items[1].Path, now, now)); err != nil {
			t.Fatal(err)
		}
	}
	write(make([]byte, len(good)))
	if c := openCache(t, items, o); len(c.Items()) != 2 {
		t.Fatalf("%d items", len(c.Items()))
	}
	write(good)
	c := openCache(t, items, o)
	if len(c.Items()) != 3 || len(c.Skipped()) != 0 || !strings.Contains(c.Rebuilt(), "1.png can be read by now") {
		t.Errorf("%d items, skipped %v, rebuilt: %q", len(c.Items()), c.Skipped(), c.Rebuilt())
	}
}

// TestCacheStops: a build that is interrupted leaves nothing behind.
func TestCacheStops(t *testing.T) {
	items, folder := pictures(t, 8), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	o := CacheOptions{Folder: folder, ImageSize: 7, Channels: 1, Workers: 1, Progress: func(done, total int) {
		if total != 8 {
			t.Errorf("total %d", total)
		}
		if done == 3 {
			cancel()
		}
	}}
	if _, err := OpenCache(ctx, items, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := OpenCache(t.Context(), items, CacheOptions{Folder: items[0].Path, ImageSize: 7, Channels: 1}); err == nil {
		t.Error("a file is taken for the cache's folder")
	}
}

func TestProgressCounts(t *testing.T) {
	var counts []int
	openCache(t, pictures(t, 6), CacheOptions{ImageSize: 7, Channels: 1, Workers: 3, Progress: func(done, _ int) { counts = append(counts, done) }})
	if !slices.Equal(counts, []int{1, 2, 3, 4, 5, 6}) {
		t.Errorf("progress %v", counts)
	}
}

// TestCachesOfTwoRuns: runs on the same images may make the cache at the same time.
func TestCachesOfTwoRuns(t *testing.T) {
	items, o := pictures(t, 6), CacheOptions{Folder: t.TempDir(), ImageSize: 7, Channels: 3}
	want := allPixels(t, openCache(t, items, CacheOptions{ImageSize: 7, Channels: 3}))
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			c, err := OpenCache(t.Context(), items, o)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if !samePixels(allPixels(t, c), want) {
				t.Error("other pixels")
			}
		})
	}
	wait.Wait()
	cacheFile(t, o.Folder)
}

func TestSide(t *testing.T) {
	for size, want := range map[int]int{224: 256, 64: 74, 32: 37, 7: 8, 1: 2} {
		if got := Side(size); got != want {
			t.Errorf("the side for views of %d is %d, expected %d", size, got, want)
		}
	}
}

// FuzzCacheFile: whatever a cache file holds, it is refused or describes pixels that lie within it; so does an index of
// any bytes, which behind a checksum random files would never reach.
func FuzzCacheFile(f *testing.F) {
	x := index{side: 2, channels: 1, entries: []entry{
		{path: "a.png", stamp: stamp{size: 9, modified: 8, inode: 7, changed: 6}, file: digest{5}, width: 3, height: 4, bits: 8, orientation: 2,
			low: 1, high: 9, percentLow: 2, percentHigh: 8, offset: int64(prefixBytes), sum: 5, pixels: [16]byte{4}},
		{path: "b.png", stamp: stamp{size: -1}, offset: int64(prefixBytes), fault: "gone"},
	}}
	good := x.append(append(prefix(), 1, 2, 3, 4))
	body := good[prefixBytes+4 : len(good)-trailerBytes]
	f.Add(good, int64(16))
	f.Add(good[:len(good)-1], int64(0))
	f.Add(body, int64(16))
	f.Add(body[:len(body)-3], int64(1<<40))
	f.Add(index{side: picture.MaxSide, channels: 3, entries: x.entries[1:]}.append(prefix()), int64(1)<<62)
	path := filepath.Join(f.TempDir(), "cache")
	check := func(t *testing.T, x index, end int64) {
		values := x.side * x.side * x.channels
		for _, e := range x.entries {
			if (e.fault == "") != (e.bits > 0) || e.offset < int64(prefixBytes) || e.offset+int64(e.bytes(values)) > end {
				t.Fatalf("entry %+v of pixels that end at %d", e, end)
			}
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, end int64) {
		if x, err := parseIndex(content, end); err == nil {
			check(t, x, end)
			if again := x.append(nil); !bytes.Equal(again[:len(again)-trailerBytes], content) {
				t.Fatalf("the index is written as %x, but was %x", again, content)
			}
		}
		x, err := readIndex(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		check(t, x, int64(len(content)))
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		c := &Cache{path: path, side: x.side, values: x.side * x.side * x.channels, options: CacheOptions{Channels: x.channels}}
		if err := c.open(t.Context(), x.entries); err == nil {
			c.Close()
		}
	})
}
