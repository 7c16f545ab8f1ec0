// Package checksum tells whether a file is what was written: by the CRC-32C of its bytes, which finds every change of up to
// four bytes in a row. It protects from disks and slips, not from a person who makes the checksum anew.
package checksum

import (
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"gzpt/kernels/input"
)

// ErrDamaged says that a file is not what was written.
var ErrDamaged = errors.New("damaged, or edited")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// New computes a checksum of what is written to it.
func New() hash.Hash32 { return crc32.New(castagnoli) }

// Of is the checksum of some bytes.
func Of(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// Text is how checksums are written: eight hexadecimal digits.
func Text(sum uint32) string { return fmt.Sprintf("%08x", sum) }

// File is the checksum of a file as text.
func File(path string) (string, error) {
	f, err := input.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := New()
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, 1<<18)); err != nil {
		return "", err
	}
	return Text(sum.Sum32()), nil
}

// CheckFile demands that a file has the checksum that was recorded of it; "" is none.
func CheckFile(path, recorded string) error {
	if recorded == "" {
		return nil
	}
	sum, err := File(path)
	if err == nil && sum != recorded {
		err = fmt.Errorf("%s: %w: its checksum is %s, expected %s", path, ErrDamaged, sum, recorded)
	}
	return err
}
