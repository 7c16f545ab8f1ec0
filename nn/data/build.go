package data

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"gzpt/kernels/atomicfile"
	"gzpt/kernels/input"
	"gzpt/nn/data/picture"
)

// build decodes the images in parallel. Their pixels go to w one after the other, or into blocks where w is nil.
func (c *Cache) build(ctx context.Context, items []Item, sources []entry, w io.Writer) error {
	c.entries = sources
	if w == nil {
		c.blocks = make([][]byte, len(items))
	}
	var lock sync.Mutex
	offset, done := int64(prefixBytes), 0
	return Each(ctx, len(items), c.options.Workers, func(i int) error {
		e := &c.entries[i]
		block, err := c.load(e)
		if err != nil && !c.options.SkipBad {
			return items[i].problem(err)
		}
		if err != nil {
			e.fault = err.Error()
		}
		lock.Lock()
		defer lock.Unlock()
		e.offset = offset
		offset += int64(len(block))
		if w == nil {
			c.blocks[i] = block
		} else if _, err := w.Write(block); err != nil {
			return err
		}
		done++
		if c.options.Progress != nil {
			c.options.Progress(done, len(items))
		}
		return nil
	})
}

// load decodes and resizes an image, and completes its entry.
func (c *Cache) load(e *entry) ([]byte, error) {
	f, err := picture.Open(e.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if e.file, err = digestOf(f); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	h, err := picture.ReadHeader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.path, err)
	}
	defer c.flight.take(h.Bytes)()
	m, err := picture.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.path, err)
	}
	e.orientation = m.Orientation
	if c.options.Upright {
		m = m.Upright()
	}
	e.width, e.height, e.bits = m.Width, m.Height, m.Bits()
	e.measure(m)
	block := m.Square(c.side, c.options.Channels).Bytes(c.options.Channels)
	e.sum = crc32.Checksum(block, castagnoli)
	sum := sha256.Sum256(block)
	copy(e.pixels[:], sum[:])
	return block, nil
}

// rebuild makes the cache file and opens it.
func (c *Cache) rebuild(ctx context.Context, items []Item, sources []entry) error {
	if err := os.MkdirAll(filepath.Dir(c.path), 0o777); err != nil {
		return fmt.Errorf("%w: %w", ErrCache, err)
	}
	var undecoded error // the images are at fault, not the disk
	err := atomicfile.Write(c.path, func(w io.Writer) (err error) {
		undecoded, err = c.write(ctx, w, items, sources)
		return cmp.Or(undecoded, err)
	})
	if undecoded != nil { // the error names the image, not the cache that it was for
		return undecoded
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCache, err)
	}
	return c.open(ctx, slices.Clone(sources))
}

// write writes a cache file: prefix, pixels, index, trailer. What is wrong with an image is told apart from what is wrong with
// the disk.
func (c *Cache) write(ctx context.Context, w io.Writer, items []Item, entries []entry) (undecoded, err error) {
	if _, err := w.Write(prefix()); err != nil {
		return nil, err
	}
	disk := &failing{w: w}
	if err := c.build(ctx, items, entries, disk); disk.err == nil && err != nil {
		return err, nil
	} else if err != nil {
		return nil, disk.err
	}
	_, err = w.Write(c.index(entries).append(nil))
	return nil, err
}

// failing remembers the error of a writer.
type failing struct {
	w   io.Writer
	err error
}

func (f *failing) Write(p []byte) (n int, err error) {
	n, err = f.w.Write(p)
	if err != nil {
		f.err = err
	}
	return n, err
}

// index is the index of the entries.
func (c *Cache) index(entries []entry) index {
	return index{side: c.side, channels: c.options.Channels, entries: entries}
}

// open reads a cache file and checks that all of it is intact and made from the sources as they are.
func (c *Cache) open(ctx context.Context, sources []entry) error {
	f, err := input.Open(c.path)
	if err != nil {
		return err
	}
	renewed, err := c.check(ctx, f, sources)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", c.path, err), f.Close())
	}
	if renewed {
		c.renew(f)
	}
	if c.blocks != nil {
		return f.Close()
	}
	c.file = f
	return nil
}

// renew writes the cache file once more with the entries as they are now, so that files whose checksum had to be taken
// need it no more. The file that is open stays readable. Where it cannot be written (a folder of another user, a full disk)
// the checksums are taken again next time.
func (c *Cache) renew(f *os.File) {
	end := int64(prefixBytes)
	for _, e := range c.entries {
		end = max(end, e.offset+int64(e.bytes(c.values)))
	}
	_ = atomicfile.Write(c.path, func(w io.Writer) error {
		if _, err := io.Copy(w, io.NewSectionReader(f, 0, end)); err != nil {
			return err
		}
		_, err := w.Write(c.index(c.entries).append(nil))
		return err
	})
}

// check reads and checks a cache file; renewed says that some of its entries have another stamp than the file says.
func (c *Cache) check(ctx context.Context, f *os.File, sources []entry) (renewed bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	x, err := readIndex(f, info.Size())
	if err != nil {
		return false, err
	}
	if renewed, err = c.fresh(ctx, x, sources); err != nil {
		return false, err
	}
	total := 0
	for _, e := range x.entries {
		total += e.bytes(c.values)
	}
	var blocks [][]byte
	if total <= cmp.Or(c.options.Memory, defaultMemory) {
		blocks = make([][]byte, len(x.entries))
	}
	var buffer []byte
	for i := range x.entries {
		e := &x.entries[i]
		if n := e.bytes(c.values); blocks != nil || n > cap(buffer) {
			buffer = make([]byte, 0, n)
		}
		block, err := e.read(f, buffer, c.values)
		if err != nil {
			return false, err
		}
		if blocks != nil {
			blocks[i] = block
		}
	}
	c.entries, c.blocks, c.size = x.entries, blocks, info.Size()
	return renewed, nil
}

// fresh says what differs between a cache and what it ought to be. It gives the entries the stamps of their files where these
// have changed and their bytes have not.
func (c *Cache) fresh(ctx context.Context, x index, sources []entry) (renewed bool, err error) {
	if x.side != c.side || x.channels != c.options.Channels || len(x.entries) != len(sources) {
		return false, fmt.Errorf("stale: %d images of %d x %d x %d, expected %d of %d x %d x %d", len(x.entries), x.side, x.side, x.channels,
			len(sources), c.side, c.side, c.options.Channels)
	}
	var changed atomic.Bool
	err = Each(ctx, len(x.entries), c.options.Workers, func(i int) error {
		e, now := &x.entries[i], &sources[i]
		if e.path != now.path || e.size != now.size {
			return fmt.Errorf("stale: %s has changed", e.path)
		}
		if e.fault != "" {
			if _, err := picture.DecodeFile(e.path); err == nil { // a permission, a disk or a mount was at fault
				return fmt.Errorf("stale: %s can be read by now", e.path)
			}
		}
		if e.stamp.same(now.stamp) {
			return nil
		}
		if digestOfFile(e.path) != e.file {
			return fmt.Errorf("stale: %s has changed", e.path)
		}
		if e.stamp != now.stamp {
			e.stamp = now.stamp
			changed.Store(true)
		}
		return nil
	})
	return changed.Load(), err
}
