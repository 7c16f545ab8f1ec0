package data

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"gzpt/kernels/atomicfile"
	"gzpt/nn/data/picture"
)

// CacheOptions says what a cache holds and where.
type CacheOptions struct {
	// Folder is where the cache file lies; it is made if need be. "" keeps the pixels in memory only.
	Folder string
	// ImageSize is the side of the views; the cache holds squares of Side(ImageSize).
	ImageSize int
	// Channels is 1 or 3.
	Channels int
	// Memory is up to how many bytes of pixels are kept in memory, 0 for 1 GiB; more are read from the file when needed.
	Memory int
	// InFlight is how many bytes the images take that all workers together are decoding, 0 for 256 MiB; a larger image is decoded
	// by itself.
	InFlight int64
	// Workers is the number of goroutines that decode, 0 for one per processor.
	Workers int
	// Upright turns images as their tag of orientation says; otherwise they are as they are stored, see Tagged. TIFF
	// images are always turned.
	Upright bool
	// Window is the stored values that become 0 and 1: "" for the full scale of 8 or 16 bits; "LO,HI" for the same two values
	// in all images; "auto" for 0 and the greatest value of the bits that any of the images uses; "percentile" for the
	// values that 0.5 % of an image's own lie below and above. What lies beyond is clipped.
	Window string
	// SkipBad leaves out images that are missing or cannot be decoded, see Skipped; otherwise the first one is an error.
	SkipBad bool
	// Progress, if not nil, is told how many images are decoded; never by two goroutines at once.
	Progress func(done, total int)
}

const defaultMemory = 1 << 30

// Cache is the decoded, resized pixels of a list of image files, 8 or 16 bits a value as the file has it. It is a [Source].
type Cache struct {
	items   []Item
	entries []entry // of the items
	skipped []Problem
	path    string // of the cache file, "" in memory
	size    int64  // of that file in bytes
	reason  string
	rule    windowRule
	side    int
	values  int // of an item
	bits    int // of a value, the most that an item has
	options CacheOptions
	flight  *flight

	blocks [][]byte // the pixels of each item, nil where they are read from file
	file   *os.File
	buffer sync.Pool // of *[]byte
}

// OpenCache opens the cache of the items' pixels, which it makes anew where there is none, where it is stale (an image's
// path or bytes, the order of the items, the size of the squares) or where it is corrupt. An image file is known by its size,
// its times and its inode; where these differ, or are too fresh to be relied on, a checksum of its bytes decides. The cache
// file is named after the paths and the options, so that runs on the same images share it; it is written aside, synced and
// renamed, so that a crash leaves the old one or none.
//
// An image that is missing or cannot be decoded is an error, or with SkipBad an entry of Skipped.
func OpenCache(ctx context.Context, items []Item, o CacheOptions) (*Cache, error) {
	if o.ImageSize < 1 || o.ImageSize > picture.MaxSide/2 || o.Channels != 1 && o.Channels != 3 {
		panic("data: OpenCache: ImageSize is at least 1 and Channels 1 or 3")
	}
	rule, err := parseWindow(o.Window)
	if err != nil {
		return nil, err
	}
	c := &Cache{options: o, side: Side(o.ImageSize), rule: rule, flight: newFlight(cmp.Or(o.InFlight, usualInFlight))}
	c.values = c.side * c.side * o.Channels
	c.buffer.New = func() any { b := make([]byte, 0, 2*c.values); return &b }
	sources := identify(items)
	if o.Folder == "" {
		c.reason = "kept in memory only"
		if err := c.build(ctx, items, sources, nil); err != nil {
			return nil, err
		}
		return c.finish(items)
	}
	if c.path, err = c.name(items); err != nil {
		return nil, err
	}
	atomicfile.RemoveAbandonedFor(c.path)
	if err := c.open(ctx, sources); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.reason = err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			c.reason = "no cache yet"
		}
		if err := c.rebuild(ctx, items, sources); err != nil {
			return nil, err
		}
	}
	return c.finish(items)
}

// ErrCache says that a cache file cannot be written.
var ErrCache = errors.New("the cache of decoded images cannot be written")

// ErrWindow says that one window is to fit images of different bits.
var ErrWindow = errors.New("one window does not fit both")

// identify is what the image files are now.
func identify(items []Item) []entry {
	entries := make([]entry, len(items))
	for i, item := range items {
		entries[i] = entry{path: item.Path, stamp: stampOf(item.Path)}
	}
	return entries
}

const (
	cachePrefix = "pixels-"
	cacheSuffix = ".cache"
)

// name is the cache file of the items under the options.
func (c *Cache) name(items []Item) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d %t", formatVersion, c.side, c.options.Channels, c.options.Upright)
	for _, item := range items {
		path, err := filepath.Abs(item.Path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "\x00%s", path)
	}
	return filepath.Join(c.options.Folder, cachePrefix+hex.EncodeToString(h.Sum(nil)[:8])+cacheSuffix), nil
}

// finish keeps the items that can be used.
func (c *Cache) finish(items []Item) (*Cache, error) {
	entries, blocks := c.entries, c.blocks
	c.entries, c.blocks = nil, nil
	problems := problems{skipBad: c.options.SkipBad}
	for i, e := range entries {
		if e.fault != "" {
			if err := problems.pass(items[i].problem(errors.New(e.fault))); err != nil {
				return nil, errors.Join(err, c.Close())
			}
			continue
		}
		c.items, c.entries = append(c.items, items[i]), append(c.entries, e)
		c.bits = max(c.bits, e.bits)
		if blocks != nil {
			c.blocks = append(c.blocks, blocks[i])
		}
	}
	c.skipped = problems.skips
	if len(c.items) == 0 {
		return nil, errors.Join(fmt.Errorf("no image can be used%s", reasons(c.skipped)), c.Close())
	}
	var err error
	if c.rule, err = c.rule.resolve(c.Values()); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Items is the items that can be used, in their order.
func (c *Cache) Items() []Item { return c.items }

// Skipped is the items that SkipBad left out, each with its reason.
func (c *Cache) Skipped() []Problem { return c.skipped }

// Rebuilt says why the pixels were decoded anew; "" if the file was fresh.
func (c *Cache) Rebuilt() string { return c.reason }

// File is the path and the size in bytes of the cache file, "" where the pixels are in memory only.
func (c *Cache) File() (path string, size int64) { return c.path, c.size }

// Values is which stored values the images have.
func (c *Cache) Values() (v Values) {
	for i := range c.entries {
		v.add(&c.entries[i])
	}
	return v
}

// Window is the rule that the options give, auto as the values that it has become.
func (c *Cache) Window() string { return c.rule.String() }

// Tagged is the indices of the items whose files say that they are to be turned, and which are not.
func (c *Cache) Tagged() (items []int) {
	for i, e := range c.entries {
		if e.orientation > 1 && !c.options.Upright {
			items = append(items, i)
		}
	}
	return items
}

// Checksum is that of the pixels of item i, with its window where that is not the full scale. Images with equal pixels
// have equal ones.
func (c *Cache) Checksum(i int) string {
	e := &c.entries[i]
	sum := hex.EncodeToString(e.pixels[:])
	if w := c.rule.window(e); w != (picture.Window{}) {
		sum += fmt.Sprintf("-%d-%d", w.Low, w.High)
	}
	return sum
}

// Size is the width and height of item i's image file in pixels.
func (c *Cache) Size(i int) (width, height int) { return c.entries[i].width, c.entries[i].height }

// Side is the side of the squares in pixels.
func (c *Cache) Side() int { return c.side }

// Channels is 1 or 3.
func (c *Cache) Channels() int { return c.options.Channels }

// Image decodes the file of item i.
func (c *Cache) Image(i int) (*picture.Image, error) {
	m, err := picture.DecodeFile(c.items[i].Path)
	if err != nil {
		return nil, err
	}
	if c.options.Upright {
		m = m.Upright()
	}
	m.Window = c.rule.window(&c.entries[i])
	return m, nil
}

// Pixels writes item i, squashed to a square, into dst [Side*Side*Channels] as fractions of its window.
func (c *Cache) Pixels(dst []float32, i int) error {
	if len(dst) != c.values {
		panic("data: Cache.Pixels: dst is not [Side,Side,Channels]")
	}
	return c.block(i, func(block []byte) { c.entries[i].decode(dst, block, c.rule) })
}

// Bits is 16 where an image has as many, otherwise 8.
func (c *Cache) Bits() int { return c.bits }

// Words writes the stored values of item i, squashed to a square, into dst, and returns its window.
func (c *Cache) Words(dst []int32, i int) (picture.Window, error) {
	e := &c.entries[i]
	err := c.block(i, func(block []byte) { pack(dst, block, e.bits, c.bits) })
	return c.rule.window(e).Or(e.bits), err
}

// block lends the stored bytes of item i.
func (c *Cache) block(i int, use func(block []byte)) error {
	if c.blocks != nil {
		use(c.blocks[i])
		return nil
	}
	buffer := c.buffer.Get().(*[]byte)
	defer c.buffer.Put(buffer)
	block, err := c.entries[i].read(c.file, *buffer, c.values)
	if err != nil {
		return fmt.Errorf("%s: image %q: %w", c.file.Name(), c.items[i].Name, err)
	}
	use(block)
	return nil
}

// Close closes the cache file.
func (c *Cache) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}

// entry is an image file as it was decoded, and where its pixels lie in the cache.
type entry struct {
	path string // of the image
	stamp
	file                    digest   // of its bytes
	width, height           int      // in pixels, once it is turned if it is to be
	bits                    int      // 8 or 16; 0 where there are no pixels
	orientation             int      // what its tag says, 0 where there is none
	low, high               int      // the least and the greatest stored value
	percentLow, percentHigh int      // the window "percentile"
	offset                  int64    // of the pixels in the cache file
	sum                     uint32   // CRC-32C of the pixels
	pixels                  [16]byte // the beginning of their SHA-256
	fault                   string   // why there are no pixels
}

// bytes is the length of the pixels.
func (e *entry) bytes(values int) int { return values * e.bits / 8 }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// read reads the pixels into the buffer, whose capacity fits, and checks them.
func (e *entry) read(f *os.File, buffer []byte, values int) ([]byte, error) {
	block := buffer[:e.bytes(values)]
	if _, err := f.ReadAt(block, e.offset); err != nil {
		return nil, err
	}
	if crc32.Checksum(block, castagnoli) != e.sum {
		return nil, errCorrupt
	}
	return block, nil
}

// decode converts pixels to fractions of their window.
func (e *entry) decode(dst []float32, block []byte, rule windowRule) {
	w := rule.window(e).Or(e.bits)
	if e.bits == 16 {
		for i := range dst {
			dst[i] = w.Fraction(int(binary.LittleEndian.Uint16(block[2*i:])))
		}
		return
	}
	for i, v := range block {
		dst[i] = w.Fraction(int(v))
	}
}
