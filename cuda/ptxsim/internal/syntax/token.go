package syntax

// This file is the lexer: PTX text to tokens with their lines.

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

type tokenKind uint8

const (
	endOfFile tokenKind = iota
	word                // add, %r1, %tid, $L1
	dotWord             // .reg, .f32, .shared::cta; the text has no dot
	integer
	float32Literal // 0f3F800000
	float64Literal // 0d..., 1.5, 1e3
	quoted
	mark // one of {}[]()<>,;:=@!|+-*/%&^~?
)

type token struct {
	kind  tokenKind
	text  string
	value uint64 // of a number, or the bits of a float
	line  int
	glued bool // nothing lies between this token and the one before
	wide  bool // an integer with the suffix U
}

// Error is a mistake in PTX text.
type Error struct {
	File string
	Line int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

type lexer struct {
	file string
	text string
	at   int
	line int
}

func (l *lexer) fail(format string, args ...any) {
	panic(&Error{l.file, l.line, fmt.Sprintf(format, args...)})
}

// next is the next token.
func (l *lexer) next() token {
	start := l.at
	l.skipBlank()
	t := token{line: l.line, glued: start == l.at}
	if l.at >= len(l.text) {
		return t
	}
	c := l.text[l.at]
	switch {
	case isWordStart(c) && (c != '%' || l.at+1 < len(l.text) && isWordPart(l.text[l.at+1])):
		t.kind, t.text = word, l.take(isWordPart)
	case c == '.' && l.at+1 < len(l.text) && isWordPart(l.text[l.at+1]) && (!isDigit(l.text[l.at+1]) || l.atDimensions()):
		l.at++
		t.kind, t.text = dotWord, l.dotted()
	case isDigit(c) || c == '.' && l.at+1 < len(l.text) && isDigit(l.text[l.at+1]):
		l.number(&t)
	case c == '"':
		end := strings.IndexByte(l.text[l.at+1:], '"')
		if end < 0 {
			l.fail("string without end")
		}
		t.kind, t.text = quoted, l.text[l.at+1:l.at+1+end]
		l.line += strings.Count(t.text, "\n")
		l.at += end + 2
	case strings.IndexByte("{}[]()<>,;:=@!|+-*/%&^~?", c) >= 0:
		t.kind, t.text = mark, l.text[l.at:l.at+1]
		l.at++
	default:
		l.fail("unexpected character %q", c)
	}
	return t
}

// atDimensions says whether the dot begins a modifier as .2d, which is no number.
func (l *lexer) atDimensions() bool {
	rest := l.text[l.at+2:]
	return rest != "" && rest[0] == 'd' && (len(rest) == 1 || !isWordPart(rest[1]))
}

func (l *lexer) skipBlank() {
	for l.at < len(l.text) {
		switch c := l.text[l.at]; {
		case c == '\n':
			l.line++
			l.at++
		case c == ' ' || c == '\t' || c == '\r':
			l.at++
		case strings.HasPrefix(l.text[l.at:], "//"):
			end := strings.IndexByte(l.text[l.at:], '\n')
			if end < 0 {
				end = len(l.text) - l.at
			}
			l.at += end
		case strings.HasPrefix(l.text[l.at:], "/*"):
			end := strings.Index(l.text[l.at:], "*/")
			if end < 0 {
				l.fail("comment without end")
			}
			l.line += strings.Count(l.text[l.at:l.at+end], "\n")
			l.at += end + 2
		default:
			return
		}
	}
}

func (l *lexer) take(part func(byte) bool) string {
	start := l.at
	for l.at++; l.at < len(l.text) && part(l.text[l.at]); l.at++ {
	}
	return l.text[start:l.at]
}

// dotted reads the word after a dot, which may contain "::".
func (l *lexer) dotted() string {
	start := l.at
	l.take(isWordPart)
	for strings.HasPrefix(l.text[l.at:], "::") && l.at+2 < len(l.text) && isWordPart(l.text[l.at+2]) {
		l.at += 2
		l.take(isWordPart)
	}
	return l.text[start:l.at]
}

// number reads 12, 0x1F, 017, 0b11, each with or without U, 0f and 0d with hexadecimal bits, 1.5e-3.
func (l *lexer) number(t *token) {
	start := l.at
	text := l.take(func(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' })
	if len(text) > 2 && text[0] == '0' && (text[1]|0x20 == 'f' || text[1]|0x20 == 'd') {
		size, kind := 8, float32Literal
		if text[1]|0x20 == 'd' {
			size, kind = 16, float64Literal
		}
		bits, err := strconv.ParseUint(text[2:], 16, 64)
		if err != nil || len(text) != 2+size {
			l.fail("%q is no floating-point number, expected %d hexadecimal digits", text, size)
		}
		t.kind, t.value = kind, bits
		return
	}
	hexadecimal := strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "0X")
	if l.at < len(l.text) && l.text[l.at] == '.' || !hexadecimal && strings.ContainsAny(text, "eE.") {
		l.decimal(t, start)
		return
	}
	if trimmed := strings.TrimSuffix(text, "U"); trimmed != text {
		text, t.wide = trimmed, true
	}
	value, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		l.fail("%q is no number of at most 64 bits", text)
	}
	t.kind, t.value = integer, value
}

func (l *lexer) decimal(t *token, start int) {
	l.at = start
	for l.at < len(l.text) {
		c := l.text[l.at]
		sign := (c == '+' || c == '-') && l.text[l.at-1]|0x20 == 'e'
		if !isDigit(c) && c != '.' && c|0x20 != 'e' && !sign {
			break
		}
		l.at++
	}
	value, err := strconv.ParseFloat(l.text[start:l.at], 64)
	if err != nil {
		l.fail("%q is no floating-point number", l.text[start:l.at])
	}
	t.kind, t.value = float64Literal, math.Float64bits(value)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c == '%'
}

func isWordPart(c byte) bool { return c != '%' && isWordStart(c) || isDigit(c) }
