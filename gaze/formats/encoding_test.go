package formats

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

// utf16Text is a text in UTF-16 with its byte-order mark.
func utf16Text(order binary.AppendByteOrder, text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

func TestDecode(t *testing.T) {
	text := "x [µm]\tGröße 👁 end"
	for name, in := range map[string]string{"UTF-8": text, "a mark": "\ufeff" + text,
		"little endian": utf16Text(binary.LittleEndian, text), "big endian": utf16Text(binary.BigEndian, text)} {
		if got, err := decode([]byte(in)); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for in, want := range map[string]string{"\xff\xfe": "", "\xff\xfe\x3d\xd8": "\ufffd", "\xff\xfe\x3d\xd8a\x00": "\ufffda", "\xff\xfe\x41\xdc": "\ufffd"} {
		if got, err := decode([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	if got, err := decode([]byte("\xff\xfea\x00b")); err == nil || string(got) != "a" {
		t.Errorf("half a character: %q, %v", got, err)
	}
}

// Every table may be UTF-16, and decimal commas are read where commas do not separate columns.
func TestTablesInUTF16(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		text := utf16Text(order, "image\tx [px]\ty [px]\tduration [s]\nÄ.jpg\t1,5\t2.5\t0,25\n")
		if !sniffNeutral([]byte(text)) {
			t.Error("not recognised")
		}
		set, err := readText("g.tsv", "table", text, ReadOptions{})
		if err != nil || summary(set) != "Ä.jpg/ 0x0 line 2: (1.5 2.5 0+0.25)\n" {
			t.Errorf("%v, %v", set, err)
		}
		if _, err := readText("g.tsv", "table", text+"x", ReadOptions{}); err == nil || !strings.Contains(err.Error(), "g.tsv: the file ends within a character of UTF-16") {
			t.Errorf("an odd number of bytes: %v", err)
		}
	}
	if _, err := readText("g.csv", "table", "x [px],y [px],duration\n\"1,5\",2,3\n", ReadOptions{}); err == nil || !strings.Contains(err.Error(), `x [px] is "1,5"`) {
		t.Errorf("a decimal comma between commas: %v", err)
	}
}
