package bench

import (
	"io"

	"gzpt/nn/rundir"
)

// WriteFile writes a file of results, of which a crash never leaves half, and makes its folder. A program demands
// [gzpt/kernels/atomicfile.Ready] of its files before it measures: what takes minutes is not to be lost for want of a folder.
func WriteFile(path, text string) error {
	return rundir.WriteAside(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
