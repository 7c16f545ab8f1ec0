package syntax

// This file computes constant expressions of whole numbers, all in 64 bits.

// binaryLevels are the operators of a constant expression, those that bind least first.
var binaryLevels = [][]string{{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}}

// constant reads a constant expression.
func (p *parser) constant() uint64 { return p.binary(0) }

func (p *parser) binary(level int) uint64 {
	if level == len(binaryLevels) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for {
		operator := p.operator(level)
		if operator == "" {
			return left
		}
		left = p.apply(operator, left, p.binary(level+1))
	}
}

// operator takes the next token if it is an operator of the level.
func (p *parser) operator(level int) string {
	for _, operator := range binaryLevels[level] {
		if p.is(operator[:1]) {
			p.advance()
			if len(operator) == 2 {
				p.expect(operator[1:])
			}
			return operator
		}
	}
	return ""
}

func (p *parser) apply(operator string, a, b uint64) uint64 {
	switch operator {
	case "|":
		return a | b
	case "^":
		return a ^ b
	case "&":
		return a & b
	case "<<":
		return a << b
	case ">>":
		return uint64(int64(a) >> b)
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	}
	if b == 0 {
		p.fail("division by zero")
	}
	if operator == "/" {
		return uint64(int64(a) / int64(b))
	}
	return uint64(int64(a) % int64(b))
}

func (p *parser) unary() uint64 {
	if p.depth++; p.depth > mostDepth {
		p.fail("expression nested more than %d deep", mostDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("-"):
		return -p.unary()
	case p.accept("+"):
		return p.unary()
	case p.accept("~"):
		return ^p.unary()
	case p.accept("("):
		value := p.constant()
		p.expect(")")
		return value
	}
	return p.integer()
}
