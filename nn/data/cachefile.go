package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"gzpt/nn/data/picture"
)

// A cache file is a prefix, the pixels of all images in any order, the index that says where they lie, and a trailer.
// Numbers are little-endian.
//
//	prefix   magic [8]byte, version uint32
//	index    side, channels, number of entries uint32, the entries
//	entry    path string; size, modified, inode, changed int64; file [32]byte; width, height, bits, orientation, low, high,
//	         percentLow, percentHigh uint32; offset int64; sum uint32; pixels [16]byte; fault string
//	string   length uint32, bytes
//	trailer  length of the index uint32, CRC-32C of the index uint32, magic [8]byte
const (
	magic         = "gzptpix\n"
	formatVersion = 2
	prefixBytes   = len(magic) + 4
	trailerBytes  = 8 + len(magic)
	maxIndex      = 1 << 28
)

var errCorrupt = errors.New("corrupt: a checksum does not fit")

// index says what a cache file holds.
type index struct {
	side, channels int
	entries        []entry
}

func prefix() []byte { return binary.LittleEndian.AppendUint32([]byte(magic), formatVersion) }

// append appends the index and the trailer.
func (x index) append(b []byte) []byte {
	le := binary.LittleEndian
	start := len(b)
	for _, v := range []int{x.side, x.channels, len(x.entries)} {
		b = le.AppendUint32(b, uint32(v))
	}
	for _, e := range x.entries {
		b = appendString(b, e.path)
		for _, v := range []uint64{uint64(e.size), uint64(e.modified), e.inode, uint64(e.changed)} {
			b = le.AppendUint64(b, v)
		}
		b = append(b, e.file[:]...)
		for _, v := range []int{e.width, e.height, e.bits, e.orientation, e.low, e.high, e.percentLow, e.percentHigh} {
			b = le.AppendUint32(b, uint32(v))
		}
		b = le.AppendUint64(b, uint64(e.offset))
		b = le.AppendUint32(b, e.sum)
		b = append(b, e.pixels[:]...)
		b = appendString(b, e.fault)
	}
	body := b[start:]
	b = le.AppendUint32(b, uint32(len(body)))
	b = le.AppendUint32(b, crc32.Checksum(body, castagnoli))
	return append(b, magic...)
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

// readIndex reads and checks prefix, trailer and index of a cache file of size bytes. Every entry's pixels lie between
// prefix and index; whether they are intact is for the caller to see.
func readIndex(r io.ReaderAt, size int64) (index, error) {
	if size < int64(prefixBytes+trailerBytes) {
		return index{}, fmt.Errorf("corrupt: %d bytes are no cache of pixels", size)
	}
	head, tail := make([]byte, prefixBytes), make([]byte, trailerBytes)
	if _, err := r.ReadAt(head, 0); err != nil {
		return index{}, err
	}
	if string(head[:len(magic)]) != magic {
		return index{}, errors.New("corrupt: not a cache of pixels")
	}
	if version := binary.LittleEndian.Uint32(head[len(magic):]); version != formatVersion {
		return index{}, fmt.Errorf("stale: version %d, expected %d", version, formatVersion)
	}
	if _, err := r.ReadAt(tail, size-int64(trailerBytes)); err != nil {
		return index{}, err
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if string(tail[8:]) != magic || length > maxIndex || length > size-int64(prefixBytes+trailerBytes) {
		return index{}, errors.New("corrupt: truncated")
	}
	body := make([]byte, length)
	start := size - int64(trailerBytes) - length
	if _, err := r.ReadAt(body, start); err != nil {
		return index{}, err
	}
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(tail[4:]) {
		return index{}, errCorrupt
	}
	return parseIndex(body, start)
}

// parseIndex parses an index whose pixels end at the given offset.
func parseIndex(body []byte, end int64) (index, error) {
	p := parser{rest: body}
	x := index{side: p.number(), channels: p.number()}
	n := p.number()
	if x.side < 1 || x.side > picture.MaxSide || x.channels != 1 && x.channels != 3 {
		return index{}, fmt.Errorf("corrupt: squares of side %d with %d channels", x.side, x.channels)
	}
	values := x.side * x.side * x.channels
	for range n {
		if p.failed {
			break // before n, which nobody has checked, makes the list grow
		}
		e := p.entry()
		usable := e.fault == "" && (e.bits == 8 || e.bits == 16) && e.width > 0 && e.height > 0
		if e.fault != "" {
			usable = e.bits == 0
		}
		if !usable || e.offset < int64(prefixBytes) || e.offset > end-int64(e.bytes(values)) {
			p.failed = true
		}
		x.entries = append(x.entries, e)
	}
	if p.failed || len(p.rest) > 0 {
		return index{}, errors.New("corrupt: the index cannot be read")
	}
	return x, nil
}

// entry is the next entry, in the order of its fields.
func (p *parser) entry() (e entry) {
	e.path = p.text()
	e.stamp = stamp{size: p.long(), modified: p.long(), inode: uint64(p.long()), changed: p.long()}
	copy(e.file[:], p.take(len(e.file)))
	for _, v := range []*int{&e.width, &e.height, &e.bits, &e.orientation, &e.low, &e.high, &e.percentLow, &e.percentHigh} {
		*v = p.number()
	}
	e.offset, e.sum = p.long(), uint32(p.number())
	copy(e.pixels[:], p.take(len(e.pixels)))
	e.fault = p.text()
	return e
}

// parser takes numbers and texts off a block; after a failure it gives zeros.
type parser struct {
	rest   []byte
	failed bool
}

func (p *parser) take(n int) []byte {
	if n > len(p.rest) {
		p.failed = true
		p.rest = nil
		return make([]byte, min(n, 8))
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

func (p *parser) number() int { return int(binary.LittleEndian.Uint32(p.take(4))) }

func (p *parser) long() int64 { return int64(binary.LittleEndian.Uint64(p.take(8))) }

func (p *parser) text() string {
	n := p.number()
	if n > math.MaxInt32 || n > len(p.rest) {
		p.failed = true
		return ""
	}
	return string(p.take(n))
}
