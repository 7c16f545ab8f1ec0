//go:build !unix

package main

func addressSpace() (int64, bool) { return 0, false }
