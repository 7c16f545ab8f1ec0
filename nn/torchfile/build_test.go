package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// The files of these tests are written by hand, because torch.save writes no hostile ones. A pickle is joined from parts.

const proto, stop = "\x80\x02", "."

// str is a string.
func str(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// num is an integer of 32 bits, or one of 64.
func num(v int64) string {
	if int64(int32(v)) == v {
		return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(v)))
	}
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(v)))
}

// tup is a tuple of parts.
func tup(parts ...string) string { return "(" + strings.Join(parts, "") + "t" }

// nums is a tuple of integers.
func nums(values ...int64) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, num(v))
	}
	return tup(parts...)
}

// call is a function of a tuple.
func call(module, name, arguments string) string {
	return "c" + module + "\n" + name + "\n" + arguments + "R"
}

// stored is a reference to a storage.
func stored(kind, key string, elements int64) string {
	return tup(str("storage"), "ctorch\n"+kind+"\n", str(key), str("cpu"), num(elements)) + "Q"
}

// view is a tensor of a storage.
func view(storage string, offset int64, shape, strides string) string {
	return call("torch._utils", "_rebuild_tensor_v2", tup(storage, num(offset), shape, strides, "\x89", call("collections", "OrderedDict", ")")))
}

// vector is a float32 tensor of all elements of a storage.
func vector(key string, elements int64) string {
	return view(stored("FloatStorage", key, elements), 0, nums(elements), nums(1))
}

// dictionary is a dictionary of keys and values.
func dictionary(pairs ...string) string { return "}(" + strings.Join(pairs, "") + "u" }

// member is a member of a zip archive.
type member struct{ name, content string }

func zipped(tb testing.TB, members ...member) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Store})
		if err == nil {
			_, err = w.Write([]byte(m.content))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// archived is a zip archive of a pickle with storages 0, 1, ... of the given bytes.
func archived(tb testing.TB, pickle string, storages ...string) []byte {
	members := []member{{"a/data.pkl", proto + pickle + stop}, {"a/byteorder", "little"}}
	for i, s := range storages {
		members = append(members, member{"a/data/" + string(rune('0'+i)), s})
	}
	return zipped(tb, members...)
}

const head = proto + "\x8a\x0a" + string(legacyMagic) + stop + proto + "M\xe9\x03" + stop + proto + "}" + stop

// legacyFile is the legacy form of a pickle with the storages of these keys, one element each for four bytes.
func legacyFile(pickle string, keys []string, storages ...string) []byte {
	file := head + proto + pickle + stop + proto + "](" + strings.Join(keys, "") + "e" + stop
	for _, s := range storages {
		file += string(binary.LittleEndian.AppendUint64(nil, uint64(len(s)/4))) + s
	}
	return []byte(file)
}
