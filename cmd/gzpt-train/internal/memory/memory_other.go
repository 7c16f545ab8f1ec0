//go:build !unix

package memory

func addressSpace() (int64, bool) { return 0, false }
