package syntax

// This file reads the outside of functions: directives, variables, signatures.

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The most that a file may ask for, so that no text makes the reader run away.
const (
	mostBytes     = 1 << 30 // of a variable
	mostInitial   = 1 << 26 // bytes of an initialiser
	mostRegisters = 1 << 20 // that one directive declares
	mostDepth     = 64      // of nested scopes and expressions
)

type parser struct {
	lexer
	token  token // the next one
	module *Module
	scopes []*scope // the module's first
	depth  int

	function *Function
	labels   []labelUse
	moduleOf map[string]*Function
}

// scope is what a pair of braces declares.
type scope struct {
	variables map[string]*Variable
	registers map[string]*registerRange // by name without digits and rangeMark for %r<9>, by whole name else
	labels    map[string]int
	targets   map[string]int
	parent    *scope
}

type registerRange struct {
	kind  Type
	count int // -1 for a single register
	made  map[string]*Register
}

// labelUse is an operand whose label may follow.
type labelUse struct {
	name    string
	scope   *scope
	line    int
	operand *Operand
	target  *int
}

// Parse reads a module. The error is an *Error with file and line.
func Parse(file, text string) (module *Module, err error) {
	p := &parser{lexer: lexer{file: file, text: text, line: 1}, moduleOf: map[string]*Function{}}
	defer func() {
		switch mistake := recover().(type) {
		case nil:
		case *Error:
			module, err = nil, mistake
		default:
			panic(mistake)
		}
	}()
	p.module = &Module{File: file}
	p.open()
	p.advance()
	p.header()
	for p.token.kind != endOfFile {
		p.directive()
	}
	return p.module, nil
}

func (p *parser) advance() token {
	was := p.token
	p.token = p.lexer.next()
	return was
}

func (p *parser) failAt(line int, format string, args ...any) {
	panic(&Error{p.file, line, fmt.Sprintf(format, args...)})
}

func (p *parser) fail(format string, args ...any) { p.failAt(p.token.line, format, args...) }

func (t token) describe() string {
	switch t.kind {
	case endOfFile:
		return "the end of the file"
	case dotWord:
		return "." + t.text
	case integer, float32Literal, float64Literal:
		return "a number"
	}
	return strconv.Quote(t.text)
}

func (p *parser) is(text string) bool { return p.token.kind == mark && p.token.text == text }

func (p *parser) isDot(text string) bool { return p.token.kind == dotWord && p.token.text == text }

// accept takes the mark if it is next.
func (p *parser) accept(text string) bool {
	if p.is(text) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.fail("expected %q, found %s", text, p.token.describe())
	}
}

func (p *parser) word() string {
	if p.token.kind != word {
		p.fail("expected a name, found %s", p.token.describe())
	}
	return p.advance().text
}

func (p *parser) integer() uint64 {
	if p.token.kind != integer {
		p.fail("expected a whole number, found %s", p.token.describe())
	}
	return p.advance().value
}

func (p *parser) small(what string, most int) int {
	line, n := p.token.line, p.integer()
	if n > uint64(most) {
		p.failAt(line, "%s %d, expected at most %d", what, n, most)
	}
	return int(n)
}

func (p *parser) open() {
	if len(p.scopes) >= mostDepth {
		p.fail("more than %d nested scopes", mostDepth)
	}
	s := &scope{map[string]*Variable{}, map[string]*registerRange{}, map[string]int{}, map[string]int{}, nil}
	if len(p.scopes) > 0 {
		s.parent = p.scopes[len(p.scopes)-1]
	}
	p.scopes = append(p.scopes, s)
}

func (p *parser) scope() *scope { return p.scopes[len(p.scopes)-1] }

func (p *parser) close() { p.scopes = p.scopes[:len(p.scopes)-1] }

// header reads .version, .target and .address_size.
func (p *parser) header() {
	if !p.isDot("version") {
		p.fail("expected .version, found %s", p.token.describe())
	}
	p.advance()
	if p.token.kind != float64Literal {
		p.fail("expected a version such as 8.0, found %s", p.token.describe())
	}
	tenths := math.Round(math.Float64frombits(p.advance().value) * 10)
	if !(tenths >= 10 && tenths < 1000) {
		p.fail("unknown version")
	}
	p.module.Version = [2]int{int(tenths) / 10, int(tenths) % 10}
	if !p.isDot("target") {
		p.fail("expected .target, found %s", p.token.describe())
	}
	p.advance()
	p.module.Target = p.word()
	if c := p.module.Capability(); !strings.HasPrefix(p.module.Target, "sm_") || c < 50 || c > 130 {
		p.fail("target %s, expected sm_50 or later", p.module.Target)
	}
	for p.accept(",") {
		p.word() // debug, texmode_...
	}
	if !p.isDot("address_size") {
		p.fail("expected .address_size 64, found %s", p.token.describe())
	}
	p.advance()
	if p.integer() != 64 {
		p.fail("expected .address_size 64")
	}
}

// directive reads one thing at the level of the module.
func (p *parser) directive() {
	if p.accept(";") {
		return
	}
	if p.token.kind != dotWord {
		p.fail("expected a directive, found %s", p.token.describe())
	}
	switch p.token.text {
	case "file", "loc":
		p.skipLine()
	case "section":
		p.advance()
		p.skipBraces()
	case "pragma":
		p.skipStatement()
	default:
		p.declaration()
	}
}

// skipLine skips debugging directives, which end with their line.
func (p *parser) skipLine() {
	for line := p.token.line; p.token.kind != endOfFile && p.token.line == line; {
		p.advance()
	}
}

func (p *parser) skipStatement() {
	for !p.is(";") && p.token.kind != endOfFile {
		p.advance()
	}
	p.expect(";")
}

func (p *parser) skipBraces() {
	for !p.is("{") && p.token.kind != endOfFile {
		p.advance()
	}
	for p.token.kind != endOfFile && !p.is("}") {
		p.advance()
	}
	p.expect("}")
}

// declaration reads a variable or function with its linking directive.
func (p *parser) declaration() {
	external := false
	for p.isDot("visible") || p.isDot("extern") || p.isDot("weak") || p.isDot("common") {
		external = p.advance().text == "extern" || external
	}
	switch {
	case p.isDot("entry"), p.isDot("func"):
		p.functionDeclaration(external)
	case p.isDot("global"), p.isDot("const"), p.isDot("shared"):
		p.module.Variables = append(p.module.Variables, p.variables(external)...)
	default:
		p.fail("unknown directive %s", p.token.describe())
	}
}

// variables reads `.space .align n .vN .type name[dims] = init, ...;`.
func (p *parser) variables(external bool) (made []*Variable) {
	space := p.advance().text
	align, kind, lanes := p.variableType()
	for {
		v := p.variable(space, align, kind, lanes)
		v.Extern = external
		if p.accept("=") {
			if space != "global" && space != "const" {
				p.fail(".%s variables have no initialiser", space)
			}
			p.initialiser(v)
		}
		if v.Unsized && !external && v.Bytes == 0 {
			p.failAt(v.Line, "array %s without length, expected .extern or an initialiser", v.Name)
		}
		p.declare(v)
		made = append(made, v)
		if !p.accept(",") {
			break
		}
	}
	p.expect(";")
	return made
}

func (p *parser) declare(v *Variable) {
	s := p.scope()
	if was := s.variables[v.Name]; was != nil && !was.Extern {
		p.failAt(v.Line, "%s is declared twice", v.Name)
	}
	s.variables[v.Name] = v
}

// variableType reads alignment, vector and type.
func (p *parser) variableType() (align int, kind Type, lanes int) {
	lanes = 1
	for p.token.kind == dotWord {
		switch text := p.token.text; text {
		case "align":
			p.advance()
			if align = p.small("alignment", 1024); align == 0 || align&(align-1) != 0 {
				p.fail("alignment %d, expected a power of two", align)
			}
			continue
		case "v2":
			lanes = 2
		case "v4":
			lanes = 4
		case "attribute": // .attribute(.managed): all memory is the device's here
			p.advance()
			p.expect("(")
			for p.token.kind == dotWord && p.token.text == "managed" || p.is(",") {
				p.advance()
			}
			p.expect(")")
			continue
		case "ptr", "global", "const", "shared", "local":
			// Attributes of a parameter that is a pointer.
		default:
			kind = Type(text)
			if !kind.fundamental() {
				p.fail("unknown type .%s of a variable", text)
			}
		}
		p.advance()
	}
	if kind == "" {
		p.fail("expected a type, found %s", p.token.describe())
	}
	return max(align, kind.Size()*lanes), kind, lanes
}

func (p *parser) variable(space string, align int, kind Type, lanes int) *Variable {
	v := &Variable{Space: space, Type: kind, Align: align, Line: p.token.line, Owner: p.function}
	v.Name = p.word()
	v.Bytes = kind.Size() * lanes
	for first := true; p.accept("["); first = false {
		if first && p.accept("]") {
			v.Unsized, v.Bytes = true, 0
			continue
		}
		count := p.constant()
		if count > mostBytes || uint64(v.Bytes)*count > mostBytes {
			p.fail("%s has more than %d bytes", v.Name, mostBytes)
		}
		v.Bytes *= int(count)
		p.expect("]")
	}
	return v
}

// initialiser reads `{1, 2, {3}}` or one value.
func (p *parser) initialiser(v *Variable) {
	if p.is("{") {
		p.values(v)
	} else {
		p.value(v)
	}
	if v.Unsized {
		v.Bytes = len(v.Initial)
	}
	if len(v.Initial) > v.Bytes {
		p.fail("%s has %d bytes and an initialiser of %d", v.Name, v.Bytes, len(v.Initial))
	}
}

func (p *parser) values(v *Variable) {
	if p.depth++; p.depth > mostDepth {
		p.fail("initialiser nested more than %d deep", mostDepth)
	}
	p.expect("{")
	for !p.accept("}") {
		if p.is("{") {
			p.values(v)
		} else {
			p.value(v)
		}
		if !p.is("}") {
			p.expect(",")
		}
	}
	p.depth--
}

func (p *parser) value(v *Variable) {
	size := v.Type.Size()
	if len(v.Initial)+size > mostInitial {
		p.fail("initialiser of more than %d bytes", mostInitial)
	}
	bits := uint64(0)
	if p.token.kind == word {
		generic := p.token.text == "generic"
		if generic {
			p.advance()
			p.expect("(")
		}
		pointer := Pointer{At: len(v.Initial), Bytes: size, Symbol: p.symbol(), Generic: generic}
		pointer.Addend = p.addend()
		if generic {
			p.expect(")")
			pointer.Addend += p.addend()
		}
		v.Pointers = append(v.Pointers, pointer)
	} else {
		kind, literal, double := p.literal()
		bits = literal
		if kind == FloatOperand && v.Type == "f32" && double {
			bits = uint64(math.Float32bits(float32(math.Float64frombits(literal))))
		}
	}
	v.Initial = binary.LittleEndian.AppendUint64(v.Initial, bits)[:len(v.Initial)+size]
}

// addend is what may follow a symbol.
func (p *parser) addend() int64 {
	if p.is("+") || p.is("-") {
		return int64(p.sum())
	}
	return 0
}

// symbol is a variable or function whose address is taken.
func (p *parser) symbol() any {
	name := p.word()
	if v := p.findVariable(name); v != nil {
		return v
	}
	if f := p.moduleOf[name]; f != nil {
		return f
	}
	p.fail("unknown name %s", name)
	return nil
}

func (p *parser) findVariable(name string) *Variable {
	for s := p.scope(); s != nil; s = s.parent {
		if v := s.variables[name]; v != nil {
			return v
		}
	}
	return nil
}

// functionDeclaration reads a signature and, where there is one, the body.
func (p *parser) functionDeclaration(external bool) {
	f := &Function{Entry: p.token.text == "entry", Line: p.token.line}
	p.advance()
	p.function = f
	p.open()
	if !f.Entry && p.is("(") {
		f.Returns = p.params()
	}
	f.Name = p.word()
	if p.is("(") {
		f.Params = p.params()
		for _, v := range f.Params {
			v.Input = true
		}
	}
	p.tuning(f)
	f = p.merge(f)
	switch {
	case p.is("{"):
		if f.Defined {
			p.fail("%s has two bodies", f.Name)
		}
		f.Defined = true
		p.function = f
		p.body()
	case external || !f.Entry:
		p.accept(";")
	default:
		p.fail("entry %s has no body", f.Name)
	}
	p.close()
	p.function = nil
}

// merge joins a definition with its earlier prototype, which calls already name.
func (p *parser) merge(f *Function) *Function {
	was := p.moduleOf[f.Name]
	if was == nil {
		if p.scopes[0].variables[f.Name] != nil {
			p.failAt(f.Line, "%s is declared twice", f.Name)
		}
		p.moduleOf[f.Name] = f
		p.module.Functions = append(p.module.Functions, f)
		return f
	}
	same := func(a, b *Variable) bool { return a.Type == b.Type && a.Bytes == b.Bytes && a.Align == b.Align }
	if was.Entry != f.Entry || !slices.EqualFunc(was.Params, f.Params, same) || !slices.EqualFunc(was.Returns, f.Returns, same) {
		p.failAt(f.Line, "%s differs from its declaration in line %d", f.Name, was.Line)
	}
	defined := was.Defined
	*was = *f
	was.Defined = defined
	for _, v := range slices.Concat(was.Params, was.Returns) {
		v.Owner = was
	}
	return was
}

func (p *parser) params() (made []*Variable) {
	p.expect("(")
	for !p.accept(")") {
		if p.isDot("reg") {
			p.fail("parameters in registers are not supported, expected .param")
		}
		if !p.isDot("param") {
			p.fail("expected .param, found %s", p.token.describe())
		}
		p.advance()
		align, kind, lanes := p.variableType()
		v := p.variable("param", align, kind, lanes)
		if v.Unsized {
			p.failAt(v.Line, "parameter %s without length", v.Name)
		}
		p.declare(v)
		made = append(made, v)
		if !p.is(")") {
			p.expect(",")
		}
	}
	return made
}

// tuning reads .maxntid and its like.
func (p *parser) tuning(f *Function) {
	for p.token.kind == dotWord {
		switch name := p.advance().text; name {
		case "maxntid":
			f.MaxThreads = p.triple()
		case "reqntid":
			f.NeedThreads = p.triple()
		case "minnctapersm", "maxnreg", "maxnctapersm":
			p.integer()
		case "maxclusterrank":
			f.MaxCluster = p.small("blocks", 1024)
		case "reqnctapercluster":
			f.NeedCluster = p.cluster()
		case "explicitcluster":
			f.ExplicitCluster = true
		case "blocksareclusters":
			p.fail("grids that count clusters are not supported, expected no .blocksareclusters")
		case "noreturn":
		case "pragma":
			p.skipStatement()
		default:
			p.fail("unknown directive .%s of a function", name)
		}
	}
	clusters := f.ExplicitCluster || f.MaxCluster > 0 || f.NeedCluster != [3]int{}
	switch {
	case clusters && p.module.Capability() < 90:
		p.failAt(f.Line, "target %s has no clusters", p.module.Target)
	case f.MaxCluster > 0 && f.NeedCluster != [3]int{}:
		p.failAt(f.Line, ".reqnctapercluster and .maxclusterrank, expected one of them")
	}
}

// cluster reads the blocks of a cluster, which are none where the first number is 0.
func (p *parser) cluster() [3]int {
	line, n := p.token.line, p.triple()
	if n[0] == 0 {
		return [3]int{}
	}
	if n[1] == 0 || n[2] == 0 {
		p.failAt(line, "a cluster of %v blocks, expected at least 1 everywhere", n)
	}
	return n
}

func (p *parser) triple() (n [3]int) {
	n = [3]int{1, 1, 1}
	for i := range n {
		n[i] = p.small("threads", 1024)
		if !p.accept(",") {
			break
		}
	}
	return n
}
