package plain

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a b/ü€👁\u0301": "a b/ü€👁\u0301", "\x1b]0;T\a": `\x1b]0;T\a`, "a\r\nb\tc": `a\r\nb\tc`, "\u202egnp.a": `\u202egnp.a`, "\u2066x\u2069": `\u2066x\u2069`,
		"a\xffb\xc3": `a\xffb\xc3`, "\x00\x7f\u0085": `\x00\x7f\u0085`, "\u2028\u200b\ufeff": `\u2028\u200b\ufeff`, "\U000e0041": `\U000e0041`, `C:\x`: `C:\x`,
	} {
		if got := Text(in); got != want {
			t.Errorf("%q is shown as %s, expected %s", in, got, want)
		}
	}
	if got := Lines("a\n\tb\r\x1b"); got != "a\n\tb\\r\\x1b" {
		t.Errorf("%q", got)
	}
	if got := Quote(strings.Repeat("ü", 100)); got != `"`+strings.Repeat("ü", longest)+`"...` {
		t.Error(got)
	}
	var b bytes.Buffer
	if n, err := fmt.Fprint(Writer(&b), "a\x1b\n"); n != 3 || err != nil || b.String() != "a\\x1b\n" {
		t.Errorf("%d, %v, %q", n, err, b.String())
	}
}

// Of an error only what errors.Join puts between its parts begins a line.
func TestError(t *testing.T) {
	path := &fs.PathError{Op: "open", Path: "a\nerror: FORGED", Err: errors.New("no\x1b")}
	const shown = `open a\nerror: FORGED: no\x1b`
	for _, c := range []struct {
		err  error
		want string
	}{
		{path, shown},
		{errors.Join(path, errors.New("b\nc")), shown + "\nb\\nc"},
		{fmt.Errorf("x\ty: %w\n", errors.Join(path, path)), `x\ty: ` + shown + "\n" + shown + `\n`},
		{fmt.Errorf("%w and %w", path, path), shown + " and " + shown},
		{errors.New("a\nb"), `a\nb`},
	} {
		if got := Error(c.err); got != c.want {
			t.Errorf("%q is shown as\n%q, expected\n%q", c.err, got, c.want)
		}
	}
}

// FuzzText: whatever a file says, what is shown has nothing that a terminal obeys, and a field of a table comes back.
func FuzzText(f *testing.F) {
	f.Add("\x1b]0;T\a", "=1")
	f.Add("\xff\u202e", "'\r=")
	f.Fuzz(func(t *testing.T, text, field string) {
		shown := Text(text)
		for _, r := range shown {
			if !unicode.IsGraphic(r) {
				t.Fatalf("%q is shown with %q", text, r)
			}
		}
		if !utf8.ValidString(shown) || Text(shown) != shown || Lines(shown) != shown {
			t.Fatalf("%q is shown as %q, and that as %q", text, shown, Text(shown))
		}
		if strings.ContainsAny(Error(errors.New(text)), "\n\r\x1b") {
			t.Fatalf("an error of %q", text)
		}
		defused := Defused(field)
		if Restored(defused) != field || isFormula(defused) && defused[0] != '\'' {
			t.Fatalf("%q became %q and %q", field, defused, Restored(defused))
		}
	})
}
