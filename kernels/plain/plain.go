// Package plain makes texts that come from files fit to be shown: on a terminal, in a log, in an error and on a page. A
// name cannot move the cursor, begin a line, turn the direction of writing or hide a part of itself.
package plain

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is s with every character that has no shape of its own as Go writes it: \x1b, \n, \u202e; bytes that are no UTF-8 as
// \xff. A text without any comes as it is.
func Text(s string) string { return escape(s, "") }

// Lines is Text but for line feeds and tabs: what the program itself lays out.
func Lines(s string) string { return escape(s, "\n\t") }

func escape(s, but string) string {
	at := strings.IndexFunc(s, func(r rune) bool { return !graphic(r, but) })
	if at < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:at])
	for s = s[at:]; s != ""; {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[0])|0x100, 16)[1:])
		case graphic(r, but):
			b.WriteString(s[:n])
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

// graphic reports whether a character is shown as it is. The replacement character may stand for a byte that is no
// character, so the text is looked at more closely.
func graphic(r rune, but string) bool {
	return r < 0x7f && r >= ' ' || r > 0x7f && r != utf8.RuneError && unicode.IsGraphic(r) || strings.ContainsRune(but, r)
}

// longest is how many characters of a text are quoted.
const longest = 80

// Quote is a text as an error quotes it: between quotation marks, escaped, and of a long one the beginning.
func Quote(s string) string {
	runes := 0
	for i := range s {
		if runes++; runes > longest {
			return strconv.Quote(s[:i]) + "..."
		}
	}
	return strconv.Quote(s)
}

// Writer is w, of which a terminal may be the end: what is written passes through [Lines]. Each call must write whole
// characters.
func Writer(w io.Writer) io.Writer { return writer{w} }

type writer struct{ w io.Writer }

func (w writer) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.w, Lines(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Error is the text of an error. Line feeds between the errors of one that errors.Join made stay; all others are escaped.
func Error(err error) string {
	text := err.Error()
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		parts, own := []string{}, []string{}
		for _, part := range e.Unwrap() {
			parts, own = append(parts, Error(part)), append(own, part.Error())
		}
		if text == strings.Join(own, "\n") {
			return strings.Join(parts, "\n")
		}
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil && inner.Error() != "" {
			if before, after, found := strings.Cut(text, inner.Error()); found {
				return Text(before) + Error(inner) + Text(after)
			}
		}
	}
	return Text(text)
}
