package data

import (
	"crypto/sha256"
	"io"
	"os"
	"time"

	"gzpt/nn/data/picture"
)

// stamp is what tells without reading a file that it is still the same.
type stamp struct {
	size, modified int64 // bytes, -1 where there is no file; nanoseconds since 1970
	inode          uint64
	changed        int64 // the time of the inode's change; 0 where that is unknown or too recent to be relied on
}

// settling is how long a file must have been left alone: within the tick of a file system's clock, two seconds at most, a
// second change does not show.
const settling = 2 * time.Second

// stampOf looks at a file.
func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{size: -1}
	}
	s := stamp{size: info.Size(), modified: info.ModTime().UnixNano()}
	s.inode, s.changed = inodeOf(path)
	if time.Since(time.Unix(0, s.changed)) < settling {
		s.changed = 0
	}
	return s
}

// same reports whether a file is the same for certain; where it does not, the checksum of its bytes decides.
func (s stamp) same(now stamp) bool { return s == now && s.changed != 0 }

// digest is a SHA-256.
type digest [sha256.Size]byte

// digestOf reads the rest of a file.
func digestOf(r io.Reader) (d digest, err error) {
	h := sha256.New()
	_, err = io.Copy(h, r)
	return digest(h.Sum(nil)), err
}

// digestOfFile is the checksum of a file's bytes, zero where it cannot be read.
func digestOfFile(path string) digest {
	f, err := picture.Open(path)
	if err != nil {
		return digest{}
	}
	defer f.Close()
	d, err := digestOf(f)
	if err != nil {
		return digest{}
	}
	return d
}
