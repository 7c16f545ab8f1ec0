package data

import (
	"os"
	"path/filepath"
	"time"

	"gzpt/kernels/atomicfile"
	"gzpt/kernels/input"
)

// CacheFile is a cache of pixels on disk.
type CacheFile struct {
	Path string
	// Size is in bytes, Written when the file was.
	Size    int64
	Written time.Time
	// Images is their number, Side and Channels the shape of each, and First the path of the first one.
	Images, Side, Channels int
	First                  string
	// Fault says why the file cannot be used: it is made anew when it is needed.
	Fault string
}

// Caches is the cache files in a folder, in the order of their names; none where there is no folder.
func Caches(folder string) ([]CacheFile, error) {
	paths, err := filepath.Glob(filepath.Join(literal(folder), cachePrefix+"*"+cacheSuffix))
	if err != nil {
		return nil, err
	}
	files := make([]CacheFile, len(paths))
	for i, path := range paths {
		if files[i], err = describe(path); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// literal is a path in which no character is one of a pattern.
func literal(path string) string {
	var quoted []rune
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' && filepath.Separator != '\\' {
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, r)
	}
	return string(quoted)
}

func describe(path string) (CacheFile, error) {
	f, err := input.Open(path)
	if err != nil {
		return CacheFile{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return CacheFile{}, err
	}
	c := CacheFile{Path: path, Size: info.Size(), Written: info.ModTime()}
	x, err := readIndex(f, info.Size())
	if err != nil {
		c.Fault = err.Error()
		return c, nil
	}
	c.Images, c.Side, c.Channels = len(x.entries), x.side, x.channels
	if len(x.entries) > 0 {
		c.First = x.entries[0].path
	}
	return c, nil
}

// ClearCaches removes the cache files in a folder, of any version, and nothing else, and returns what was removed. A
// run that is using one keeps what it has opened.
func ClearCaches(folder string) (removed []CacheFile, err error) {
	files, err := Caches(folder)
	if err != nil {
		return nil, err
	}
	for i, file := range files {
		atomicfile.RemoveAbandonedFor(file.Path)
		if err := os.Remove(file.Path); err != nil {
			return files[:i], err
		}
	}
	return files, nil
}
