package syntax

// This file reads the inside of functions: registers, labels, instructions and their operands.

import (
	"math"
	"strings"
)

// body reads a function's statements and resolves its labels.
func (p *parser) body() {
	p.labels = nil
	p.block()
	for _, use := range p.labels {
		p.resolve(use)
	}
}

func (p *parser) resolve(use labelUse) {
	for s := use.scope; s != nil; s = s.parent {
		if at, known := s.labels[use.name]; known {
			if use.target != nil {
				*use.target = at
			} else {
				use.operand.Kind, use.operand.Value = LabelOperand, uint64(at)
			}
			return
		}
	}
	p.failAt(use.line, "unknown name %s", use.name)
}

// block reads statements between braces.
func (p *parser) block() {
	p.expect("{")
	p.open()
	for !p.accept("}") {
		if p.token.kind == endOfFile {
			p.fail("expected }, found the end of the file")
		}
		p.statement()
	}
	p.close()
}

func (p *parser) statement() {
	switch {
	case p.accept(";"):
	case p.is("{"):
		p.block()
	case p.token.kind == dotWord:
		p.innerDirective()
	case p.is("@"):
		p.instruction()
	case p.token.kind == word:
		name, line := p.token.text, p.token.line
		p.advance()
		if p.accept(":") {
			p.label(name, line)
			return
		}
		p.operation(&Instruction{Line: line, Opcode: name})
	default:
		p.fail("expected a statement, found %s", p.token.describe())
	}
}

func (p *parser) innerDirective() {
	switch p.token.text {
	case "loc":
		p.skipLine()
	case "pragma":
		p.skipStatement()
	case "reg":
		p.registers()
	case "shared", "local", "param", "global", "const":
		p.function.Locals = append(p.function.Locals, p.variables(false)...)
	default:
		p.fail("unknown directive %s", p.token.describe())
	}
}

// label declares a place, or what follows it: the targets of brx.idx, the prototype of an indirect call.
func (p *parser) label(name string, line int) {
	s := p.scope()
	if _, twice := s.labels[name]; twice {
		p.failAt(line, "label %s is declared twice", name)
	}
	switch {
	case p.isDot("branchtargets"):
		p.advance()
		s.targets[name] = len(p.function.BranchTargets)
		p.branchTargets()
	case p.isDot("callprototype"):
		s.targets[name] = -1
		p.skipStatement()
	default:
		s.labels[name] = len(p.function.Body)
	}
}

func (p *parser) branchTargets() {
	var names []string
	for {
		names = append(names, p.word())
		if !p.accept(",") {
			break
		}
	}
	p.expect(";")
	targets := make([]int, len(names))
	for i, name := range names {
		p.labels = append(p.labels, labelUse{name: name, scope: p.scope(), line: p.token.line, target: &targets[i]})
	}
	p.function.BranchTargets = append(p.function.BranchTargets, targets)
}

// registers reads `.reg .f32 %f<9>, x;`.
func (p *parser) registers() {
	p.advance()
	if p.token.kind != dotWord {
		p.fail("expected a type, found %s", p.token.describe())
	}
	kind := Type(p.token.text)
	if kind != "pred" && (!kind.fundamental() || kind.Size() == 1) {
		p.fail("unknown type .%s of a register", kind)
	}
	p.advance()
	for {
		name, line, count := p.word(), p.token.line, -1
		if p.accept("<") {
			count = p.small("registers", mostRegisters)
			p.expect(">")
		}
		key := name
		if count >= 0 {
			key += rangeMark // %r and %r<9> may stand side by side
		}
		if p.scope().registers[key] != nil || count < 0 && p.scope().ranged(name) != nil {
			p.failAt(line, "register %s is declared twice", name)
		}
		p.scope().registers[key] = &registerRange{kind, count, map[string]*Register{}}
		if !p.accept(",") {
			break
		}
	}
	p.expect(";")
}

// rangeMark ends the key of a range of registers.
const rangeMark = "<"

func (p *parser) findRegister(name string) *Register {
	for s := p.scope(); s != nil; s = s.parent {
		if r := s.registers[name]; r != nil {
			return p.register(r, name)
		}
		if r := s.ranged(name); r != nil {
			return p.register(r, name)
		}
	}
	return nil
}

// ranged finds the range that a name belongs to.
func (s *scope) ranged(name string) *registerRange {
	stem := strings.TrimRight(name, "0123456789")
	digits := name[len(stem):]
	if r := s.registers[stem+rangeMark]; r != nil && digits != "" && inRange(digits, r.count) {
		return r
	}
	return nil
}

// inRange says whether digits are a number below count, written without leading zeros.
func inRange(digits string, count int) bool {
	if len(digits) > 7 || len(digits) > 1 && digits[0] == '0' {
		return false
	}
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n < count
}

func (p *parser) register(r *registerRange, name string) *Register {
	if r.made[name] == nil {
		r.made[name] = &Register{name, r.kind, len(p.function.Registers)}
		p.function.Registers = append(p.function.Registers, r.made[name])
	}
	return r.made[name]
}

// instruction reads a guarded instruction.
func (p *parser) instruction() {
	i := &Instruction{Line: p.token.line}
	p.expect("@")
	i.GuardNot = p.accept("!")
	name := p.word()
	if i.Guard = p.findRegister(name); i.Guard == nil || i.Guard.Type != "pred" {
		p.fail("%s is no predicate", name)
	}
	i.Line = p.token.line
	i.Opcode = p.word()
	p.operation(i)
}

// operation reads modifiers and operands after the opcode.
func (p *parser) operation(i *Instruction) {
	for p.token.kind == dotWord && p.token.glued {
		i.Modifiers = append(i.Modifiers, p.advance().text)
	}
	for !p.is(";") {
		if len(i.Operands) > 0 {
			p.expect(",")
		}
		i.Operands = append(i.Operands, p.operand())
	}
	p.expect(";")
	p.function.Body = append(p.function.Body, i)
	if err := i.match(p.module); err != "" {
		p.failAt(i.Line, "%s: %s", i.Text(), err)
	}
}

func (p *parser) operand() *Operand {
	if p.depth++; p.depth > mostDepth {
		p.fail("operands nested more than %d deep", mostDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.is("["):
		return p.address()
	case p.is("{"):
		return &Operand{Kind: VectorOperand, List: p.list("{", "}")}
	case p.is("("):
		return &Operand{Kind: ListOperand, List: p.list("(", ")")}
	case p.accept("!"):
		o := p.named()
		if o.Kind != RegisterOperand || o.Register.Type != "pred" {
			p.fail("expected a predicate after !")
		}
		o.Not = true
		return o
	case p.token.kind == word:
		return p.named()
	}
	kind, value, double := p.literal()
	return &Operand{Kind: kind, Value: value, Double: double}
}

func (p *parser) list(from, to string) (list []*Operand) {
	p.expect(from)
	for !p.accept(to) {
		list = append(list, p.operand())
		if !p.is(to) {
			p.expect(",")
		}
	}
	return list
}

// named reads an operand that begins with a name.
func (p *parser) named() *Operand {
	line, name := p.token.line, p.word()
	if r := p.findRegister(name); r != nil {
		o := &Operand{Kind: RegisterOperand, Register: r}
		if p.accept("|") {
			second := p.word()
			if o.Kind, o.Second = PairOperand, p.findRegister(second); o.Second == nil && second != "_" {
				p.fail("unknown register %s", second)
			}
		}
		return o
	}
	if name == "_" {
		o := &Operand{Kind: SinkOperand}
		if p.accept("|") {
			second := p.word()
			if o.Kind, o.Second = PairOperand, p.findRegister(second); o.Second == nil {
				p.fail("unknown register %s", second)
			}
		}
		return o
	}
	if name == "WARP_SZ" {
		return &Operand{Kind: IntegerOperand, Value: 32}
	}
	if strings.HasPrefix(name, "%") {
		return p.special(name)
	}
	if v := p.findVariable(name); v != nil {
		o := &Operand{Kind: VariableOperand, Variable: v}
		if p.is("+") || p.is("-") {
			o.Value = p.sum()
		}
		return o
	}
	if f := p.moduleOf[name]; f != nil {
		return &Operand{Kind: FunctionOperand, Function: f}
	}
	if o := p.target(name); o != nil {
		return o
	}
	o := &Operand{Kind: LabelOperand, Name: name}
	p.labels = append(p.labels, labelUse{name: name, scope: p.scope(), line: line, operand: o})
	return o
}

// target is an operand that names .branchtargets or .callprototype, which must stand before it.
func (p *parser) target(name string) *Operand {
	for s := p.scope(); s != nil; s = s.parent {
		if at, known := s.targets[name]; known && at < 0 {
			return &Operand{Kind: PrototypeOperand}
		} else if known {
			return &Operand{Kind: TargetsOperand, Value: uint64(at)}
		}
	}
	return nil
}

// special reads %laneid or %tid.x.
func (p *parser) special(name string) *Operand {
	if p.token.kind == dotWord && p.token.glued {
		name += "." + p.advance().text
	}
	if specials[name] == "" {
		p.fail("unknown register %s", name)
	}
	return &Operand{Kind: SpecialOperand, Name: name}
}

// specials are the special registers with their types.
var specials = map[string]Type{
	"%tid.x": "u32", "%tid.y": "u32", "%tid.z": "u32", "%ntid.x": "u32", "%ntid.y": "u32", "%ntid.z": "u32",
	"%ctaid.x": "u32", "%ctaid.y": "u32", "%ctaid.z": "u32", "%nctaid.x": "u32", "%nctaid.y": "u32", "%nctaid.z": "u32",
	"%laneid": "u32", "%warpid": "u32", "%nwarpid": "u32", "%smid": "u32", "%nsmid": "u32", "%gridid": "u64",
	"%lanemask_eq": "u32", "%lanemask_le": "u32", "%lanemask_lt": "u32", "%lanemask_ge": "u32", "%lanemask_gt": "u32",
	"%clock": "u32", "%clock64": "u64", "%clock_hi": "u32", "%globaltimer": "u64",
	"%envreg1": "b32", "%envreg2": "b32",
	"%reserved_smem_offset_begin": "b32", "%reserved_smem_offset_end": "b32", "%reserved_smem_offset_cap": "b32",
	"%reserved_smem_offset_0": "b32", "%reserved_smem_offset_1": "b32",
	"%dynamic_smem_size": "u32", "%total_smem_size": "u32",
	"%clusterid.x": "u32", "%clusterid.y": "u32", "%clusterid.z": "u32", "%nclusterid.x": "u32", "%nclusterid.y": "u32", "%nclusterid.z": "u32",
	"%cluster_ctaid.x": "u32", "%cluster_ctaid.y": "u32", "%cluster_ctaid.z": "u32", "%cluster_ctarank": "u32", "%cluster_nctarank": "u32",
	"%is_explicit_cluster": "pred", "%cluster_nctaid.x": "u32", "%cluster_nctaid.y": "u32", "%cluster_nctaid.z": "u32",
}

// address reads [base+offset], or [base, {coordinates}].
func (p *parser) address() *Operand {
	p.expect("[")
	o := &Operand{Kind: AddressOperand}
	switch {
	case p.token.kind == word:
		name := p.word()
		if o.Register = p.findRegister(name); o.Register == nil {
			if o.Variable = p.findVariable(name); o.Variable == nil {
				p.fail("unknown name %s", name)
			}
		}
		if p.is("+") || p.is("-") {
			o.Value = p.sum()
		}
	default:
		o.Value = p.constant()
	}
	if p.accept(",") {
		o.List = p.list("{", "}")
	}
	p.expect("]")
	return o
}

// sum reads +4, -4, +-4 and +4*2 after a name.
func (p *parser) sum() uint64 {
	negative := p.advance().text == "-"
	value := p.constant()
	if negative {
		value = -value
	}
	return value
}

// literal reads a number, the value of a constant expression.
func (p *parser) literal() (kind OperandKind, value uint64, double bool) {
	negative := p.is("-") && p.floatFollows()
	if negative {
		p.advance()
	}
	switch p.token.kind {
	case float32Literal:
		value = p.advance().value
		if negative {
			value ^= 1 << 31
		}
		return FloatOperand, value, false
	case float64Literal:
		value = p.advance().value
		if negative {
			value = math.Float64bits(-math.Float64frombits(value))
		}
		return FloatOperand, value, true
	}
	return IntegerOperand, p.constant(), false
}

// floatFollows looks past a minus sign.
func (p *parser) floatFollows() bool {
	ahead := p.lexer
	next := ahead.next()
	return next.kind == float32Literal || next.kind == float64Literal
}
