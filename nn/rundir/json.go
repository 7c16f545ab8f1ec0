package rundir

import (
	"fmt"
	"io"

	"gzpt/kernels/checksum"
	"gzpt/kernels/input"
)

// WriteJSON writes v as indented JSON, aside, an object with a checksum as its last member.
func WriteJSON(path string, v any) error {
	text, err := checksum.MarshalJSON(v)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return WriteAside(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// ReadJSON reads v from a file. One that is not what WriteJSON wrote is a [checksum.ErrDamaged]; one without a checksum is
// believed, as those of older versions are.
func ReadJSON(path string, v any) error {
	_, err := ReadSealed(path, v)
	return err
}

// ReadSealed is ReadJSON, which says whether the file has a checksum.
func ReadSealed(path string, v any) (sealed bool, err error) {
	text, err := input.ReadFile(path, input.Document)
	if err != nil {
		return false, err
	}
	if err := checksum.UnmarshalJSON(text, v); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	return checksum.Sealed(text), nil
}
