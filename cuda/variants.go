package cuda

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A file of kernels is written for one element a thread and float32. Its comments mark what else there is to know, and the
// other ways to run a kernel follow from it line by line, so that there is one text to read, to mend and to blame:
//
//	// activation       behind a load, a store or a step of addresses: it may be of bfloat16
//	// element          behind a declaration: the registers are those of an element, the others those of the thread
//	// element of four  likewise, where a thread takes four elements of bfloat16 too, because it has as many of float32 in memory
//	// elements         behind a step by one element, or by its bytes: it is by those of the thread
//	// products         behind a call: of the products of a tile, which may be on tensor cores; behind a 0: a 1 where they are
//	// multiply         behind a label: the multiply-adds that follow may be additions of the lesser one of the two
//
// A thread with several elements has a register of each for an element register, and loads and stores 16 bytes at a time. It
// does with each of them what a thread with one does, so the bits are the same.

// variant is a way to run a kernel.
type variant struct {
	half    bool // activations are bfloat16
	wide    bool // a thread has width elements, and addresses are multiples of 16 bytes
	minimum bool // in the place of products
	tf32    bool // products of tiles are on tensor cores
}

var variants = []variant{{}, {half: true}, {wide: true}, {half: true, wide: true}, {minimum: true}, {tf32: true}}

// width is the elements of a thread of a kernel: as many activations as 16 bytes hold, unless it is marked.
func (v variant) width(kernel string) int {
	switch {
	case !v.wide:
		return 1
	case v.half && !strings.Contains(kernel, "// element of four\n"):
		return mostElements
	}
	return 4
}

// mostElements is the most that a thread has.
const mostElements = 8

// name is that of a kernel's variant.
func (v variant) name(kernel string) string {
	if v.half {
		kernel += "_half"
	}
	if v.wide {
		kernel += "_wide"
	}
	if v.minimum {
		kernel += "_minimum"
	}
	if v.tf32 {
		kernel += "_tf32"
	}
	return kernel
}

// has reports whether a kernel has the variant.
func (v variant) has(kernel string) bool {
	marked := func(mark string) bool { return strings.Contains(kernel, "// "+mark+"\n") }
	return (!v.half || marked("activation")) && (!v.wide || marked("element") || marked("element of four")) &&
		(!v.minimum || marked("multiply")) && (!v.tf32 || marked("products"))
}

// inAllVariants is the families in all variants that they have.
func inAllVariants(list []family) []family {
	var all []family
	for v := range variants {
		for _, f := range list {
			if made := rewritten(f)[v]; made.text != "" {
				all = append(all, made)
			}
		}
	}
	return all
}

// rewrites are the variants of the texts that rewritten has seen: a process that opens many devices rewrites a file once.
var rewrites sync.Map

// rewritten is a family in the order of variants, without text in those that it does not have.
func rewritten(f family) []family {
	type source struct{ name, text string }
	key := source{f.name, f.text}
	if made, ok := rewrites.Load(key); ok {
		return made.([]family)
	}
	var made []family
	for _, v := range variants {
		one := v.of(f)
		if len(one.widths) == 0 {
			one = family{}
		}
		made = append(made, one)
	}
	rewrites.Store(key, made)
	return made
}

var (
	declaration = regexp.MustCompile(`^(\s*\.reg \.\w+ )(.*); // element(?: of four)?$`)
	memoryLine  = regexp.MustCompile(`^(\s*)(@!?%\w+ )?(ld|st)\.global\.(f32|f64) (?:(%\w+), \[(%\w+)\]|\[(%\w+)\], (%\w+));`)
	stepLine    = regexp.MustCompile(`^(\s*(?:mul\.wide\.u32|add\.u64) %\w+, %\w+), 4;`)
	stepOfOne   = regexp.MustCompile(`, \d+;$`)
	multiplyAdd = regexp.MustCompile(`^\tfma\.rn\.f32 (%s\d+), (%x\d), (%y\d), %s\d+;$`)
	register    = regexp.MustCompile(`%\w+`)
)

// threadNumber is the line by which every kernel with one thread an element finds its own.
const threadNumber = "\tmad.lo.u32 %i, %i, %t, %n;"

// of is the family in the variant: its kernels that have it, on the lines where they are in the file.
func (v variant) of(f family) family {
	const start = ".visible .entry "
	parts := strings.Split("\n"+f.text, "\n"+start)
	if len(parts) == 1 {
		return f
	}
	widths := map[string]int{}
	var text strings.Builder
	text.WriteString(strings.TrimPrefix(parts[0]+"\n", "\n"))
	for n, part := range parts[1:] {
		if n+2 < len(parts) {
			part += "\n"
		}
		kernel, rest, _ := strings.Cut(start+part, "\n}\n")
		kernel += "\n}\n"
		if v.has(kernel) {
			widths[entry.FindStringSubmatch(kernel)[1]] = v.width(kernel)
			text.WriteString(v.rewrite(kernel))
		} else {
			text.WriteString(strings.Repeat("\n", strings.Count(kernel, "\n")))
		}
		text.WriteString(rest)
	}
	return family{f.name, text.String(), v, widths}
}

// rewrite is a kernel in the variant.
func (v variant) rewrite(kernel string) string {
	if v == (variant{}) {
		return kernel
	}
	var elements []string
	width := v.width(kernel)
	lines := strings.Split(kernel, "\n")
	for n, line := range lines {
		code, comment, _ := strings.Cut(line, " // ")
		active := v.half && comment == "activation"
		var m, d []string // most lines are neither, which is told sooner without the expressions
		if strings.Contains(code, ".global.") {
			m = memoryLine.FindStringSubmatch(code)
		}
		if strings.HasPrefix(comment, "element") {
			d = declaration.FindStringSubmatch(line)
		}
		switch {
		case n == 0:
			line = strings.Replace(line, entry.FindStringSubmatch(line)[1], v.name(entry.FindStringSubmatch(line)[1]), 1)
		case line == "{" && v.half:
			line = "{ .reg .b32 %raw<5>;"
		case line == threadNumber && v.wide:
			line = fmt.Sprintf("%s mul.lo.u32 %%i, %%i, %d;", code, width)
		case d != nil && v.wide:
			names := register.FindAllString(d[2], -1)
			elements = append(elements, names...)
			line = d[1] + each(width, d[2], elements, ", ") + ";"
		case v.wide && comment == "elements":
			line = stepOfOne.ReplaceAllStringFunc(code, func(step string) string {
				n, _ := strconv.Atoi(strings.Trim(step, ", ;"))
				return fmt.Sprintf(", %d;", n*width)
			})
		case active && stepLine.MatchString(code):
			line = stepLine.ReplaceAllString(code, "$1, 2;")
		case m != nil && (active || slices.Contains(elements, m[5]+m[8])):
			line = access(width, m, active, slices.Contains(elements, m[5]+m[8]))
		case v.tf32 && comment == "products":
			line = withTensorCores.Replace(code)
		case v.minimum && multiplyAdd.MatchString(code):
			line = multiplyAdd.ReplaceAllString(code, "\tmin.NaN.f32 %least, $2, $3; add.rn.f32 $1, $1, %least;")
		case usesAny(code, elements):
			line = each(width, code, elements, " ")
		}
		lines[n] = line
	}
	return strings.Join(lines, "\n")
}

// withTensorCores is what changes in a line that is marked with products.
var withTensorCores = strings.NewReplacer("tile_products", "tile_products_tf32", ", 0;", ", 1;")

// usesAny reports whether code names one of some registers.
func usesAny(code string, names []string) bool {
	return len(names) > 0 && slices.ContainsFunc(register.FindAllString(code, -1), func(r string) bool { return slices.Contains(names, r) })
}

// each is code once for every one of width elements.
func each(width int, code string, elements []string, between string) string {
	var all []string
	for e := range width {
		all = append(all, register.ReplaceAllStringFunc(code, func(r string) string {
			if slices.Contains(elements, r) {
				return ofElement(r, e)
			}
			return r
		}))
	}
	return strings.Join(all, between)
}

func ofElement(register string, element int) string { return fmt.Sprintf("%s$%d", register, element) }

// access is the load or store that memoryLine has matched, of the register of every element or of one.
func access(width int, m []string, active, elements bool) string {
	indent, guard, op, typ, name, address := m[1], m[2], m[3], m[4], m[5]+m[8], m[6]+m[7]
	names := []string{name}
	if elements {
		names = nil
		for e := range width {
			names = append(names, ofElement(name, e))
		}
	}
	var code []string
	if active {
		code = halves(op, names, address)
	} else {
		code = vectors(op, typ, names, address)
	}
	for n := range code {
		code[n] = guard + code[n] + ";"
	}
	return indent + strings.Join(code, " ")
}

// move is a load to, or store of, a vector of registers.
func move(op, typ string, names []string, address string, offset int) string {
	list := names[0]
	if len(names) > 1 {
		typ, list = fmt.Sprintf("v%d.%s", len(names), typ), "{"+strings.Join(names, ", ")+"}"
	}
	if offset > 0 {
		address = fmt.Sprintf("%s + %d", address, offset)
	}
	if op == "ld" {
		return fmt.Sprintf("ld.global.%s %s, [%s]", typ, list, address)
	}
	return fmt.Sprintf("st.global.%s [%s], %s", typ, address, list)
}

// vectors moves registers 16 bytes at a time.
func vectors(op, typ string, names []string, address string) []string {
	bytes := map[string]int{"f32": 4, "f64": 8}[typ]
	var code []string
	for from := 0; from < len(names); from += 16 / bytes {
		code = append(code, move(op, typ, names[from:min(from+16/bytes, len(names))], address, from*bytes))
	}
	return code
}

// halves moves float32 registers from or to bfloat16, one, four or eight: a bfloat16 is the upper half of a float32, the first of a
// pair the lower half of a word.
func halves(op string, names []string, address string) []string {
	raw := func(n int) string { return fmt.Sprintf("%%raw%d", n) }
	if len(names) == 1 {
		if op == "ld" {
			return []string{move(op, "u16", []string{raw(0)}, address, 0), "shl.b32 %raw0, %raw0, 16", "mov.b32 " + names[0] + ", %raw0"}
		}
		return []string{fmt.Sprintf("cvt.rn.bf16x2.f32 %%raw0, %s, %[1]s", names[0]), move(op, "u16", []string{raw(0)}, address, 0)}
	}
	var words, unpack, pack []string
	for w := range len(names) / 2 {
		words = append(words, raw(w))
		unpack = append(unpack, "shl.b32 %raw4, "+raw(w)+", 16", "mov.b32 "+names[2*w]+", %raw4",
			fmt.Sprintf("and.b32 %s, %[1]s, 0xFFFF0000", raw(w)), "mov.b32 "+names[2*w+1]+", "+raw(w))
		pack = append(pack, fmt.Sprintf("cvt.rn.bf16x2.f32 %s, %s, %s", raw(w), names[2*w+1], names[2*w]))
	}
	if op == "ld" {
		return append([]string{move(op, "b32", words, address, 0)}, unpack...)
	}
	return append(pack, move(op, "b32", words, address, 0))
}
