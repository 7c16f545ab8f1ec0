package safetensors

import (
	"bytes"
	"fmt"
	"hash"
	"io"

	"gzpt/kernels/checksum"
)

// A sealed file has among its metadata the CRC-32C of its elements followed by its header, in which the digits of the checksum
// itself are zeros.
const (
	checksumKey = "gzpt.crc32c"
	unsealed    = "00000000"
)

// digits is where in a header the digits of a checksum are, nil where it has none as this package writes it.
func digits(header []byte, sum string) []byte {
	before := []byte(`"` + checksumKey + `":"`)
	at := bytes.Index(header, before)
	if at < 0 || !bytes.HasPrefix(header[at+len(before):], []byte(sum+`"`)) {
		return nil
	}
	return header[at+len(before):][:len(sum)]
}

// seal writes the checksum of a file into its header; elements is that of its elements.
func seal(header []byte, elements hash.Hash32) {
	elements.Write(header) // a hash takes everything
	copy(digits(header, unsealed), checksum.Text(elements.Sum32()))
}

// Metadata is the texts that the file has beside its tensors.
func (f *File) Metadata() map[string]string { return f.metadata }

// Sealed reports whether the file has a checksum.
func (f *File) Sealed() bool { return f.metadata[checksumKey] != "" }

// Verify reads the whole file and returns a [checksum.ErrDamaged] unless it has the checksum that [WriteSealed] gave it. A file
// that is not sealed is believed.
func (f *File) Verify() error {
	want := f.metadata[checksumKey]
	if want == "" {
		return nil
	}
	header := bytes.Clone(f.header)
	place := digits(header, want)
	if len(place) != len(unsealed) {
		return fmt.Errorf("safetensors: %w: the checksum %q is not where it was written", checksum.ErrDamaged, want)
	}
	copy(place, unsealed)
	sum := checksum.New()
	if _, err := io.CopyBuffer(sum, io.NewSectionReader(f.r, f.data, f.size-f.data), make([]byte, 1<<18)); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	sum.Write(header) // a hash takes everything
	if got := checksum.Text(sum.Sum32()); got != want {
		return fmt.Errorf("safetensors: %w: its checksum is %s, expected %s", checksum.ErrDamaged, got, want)
	}
	return nil
}
