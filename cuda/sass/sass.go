// Package sass says what NVIDIA's assembler makes of the kernels of the GPU device: registers, spills, shared memory, and the
// instructions of the main loop as its disassembler prints them. It needs no GPU, and the tools that `make ptx` installs.
package sass

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gzpt/cuda"
	"gzpt/cuda/internal/toolkit"
)

// Kernel is what a kernel has become for a target.
type Kernel struct {
	Name, File, Target string
	// Registers and SpillBytes are those of a thread, SharedBytes the static ones of a block.
	Registers, SpillBytes, SharedBytes int
	// Instructions is the length of the whole kernel, Loop the instructions of its main loop; none where it has no loop.
	Instructions int
	Loop         Mix
}

// Mix is how many instructions there are of each kind.
type Mix map[string]int

// String lists the kinds, the most frequent first.
func (m Mix) String() string {
	kinds := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	words := make([]string, len(kinds))
	for i, kind := range kinds {
		words[i] = fmt.Sprintf("%d %s", m[kind], kind)
	}
	return strings.Join(words, ", ")
}

// Total is the number of instructions.
func (m Mix) Total() (n int) {
	for _, count := range m {
		n += count
	}
	return n
}

var directive = regexp.MustCompile(`(?m)^\s*\.target\s+(\w+)`)

// Targets are those that a file of kernels is compiled for: portable ones for every generation, others for theirs alone.
func Targets(ptx string) []string {
	if m := directive.FindStringSubmatch(ptx); m != nil && m[1] != "sm_80" {
		return []string{m[1]}
	}
	return []string{"sm_80", "sm_90", "sm_100"}
}

// Inspect assembles a file of kernels for a target and takes it apart.
func Inspect(source cuda.Source, target string) ([]Kernel, error) {
	ptxas, err := toolkit.Find("ptxas")
	if err != nil {
		return nil, err
	}
	nvdisasm, err := toolkit.Find("nvdisasm")
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "sass")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file, cubin := filepath.Join(folder, source.Name), filepath.Join(folder, "cubin")
	if err := os.WriteFile(file, []byte(source.Text), 0o600); err != nil {
		return nil, err
	}
	usage, err := toolkit.AssembleTo(cubin, ptxas, file, target)
	if err != nil {
		return nil, fmt.Errorf("%s for %s: %w", source.Name, target, err)
	}
	text, err := exec.Command(nvdisasm, "-c", cubin).Output()
	if err != nil {
		return nil, fmt.Errorf("%s for %s: nvdisasm: %w", source.Name, target, err)
	}
	codes := parse(string(text))
	var kernels []Kernel
	for _, name := range slices.Sorted(maps.Keys(usage)) {
		u, code := usage[name], codes[name]
		if len(code) == 0 {
			return nil, fmt.Errorf("%s for %s: nvdisasm prints no code of %s", source.Name, target, name)
		}
		kernels = append(kernels, Kernel{
			Name: name, File: source.Name, Target: target, Registers: u.Registers, SpillBytes: u.SpillBytes, SharedBytes: u.SharedBytes,
			Instructions: len(code), Loop: mainLoop(code),
		})
	}
	return kernels, nil
}

// instruction is one of a kernel.
type instruction struct {
	opcode string
	target string // of a branch, a label
	labels []string
	last   bool // control does not go on to the next one
}

var (
	section = regexp.MustCompile(`^\s*\.section\s+\.text\.([\w$]+),`)
	label   = regexp.MustCompile(`^(\.L_x_\d+):`)
	code    = regexp.MustCompile(`^\s+/\*[0-9a-f]+\*/\s+(?:\{\s*)?(@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)(.*)`)
	always  = regexp.MustCompile("^(?:EXIT|RET|BRA)[A-Z0-9_.]*\\s*(?:`|;|R|$)") // without a predicate among the operands
	branch  = regexp.MustCompile("`\\((\\.L_x_\\d+)\\)")
)

// parse reads the listing of nvdisasm: the instructions of each kernel.
func parse(listing string) map[string][]instruction {
	kernels := map[string][]instruction{}
	name := ""
	var labels []string
	for line := range strings.Lines(listing) {
		if m := section.FindStringSubmatch(line); m != nil {
			name, labels = m[1], nil
		} else if m := label.FindStringSubmatch(line); m != nil {
			labels = append(labels, m[1])
		} else if m := code.FindStringSubmatch(line); m != nil && name != "" {
			i := instruction{opcode: m[2], labels: labels, last: m[1] == "" && always.MatchString(m[2]+m[3])}
			if strings.HasPrefix(i.opcode, "BRA") {
				if to := branch.FindStringSubmatch(m[3]); to != nil {
					i.target = to[1]
				}
			}
			kernels[name], labels = append(kernels[name], i), nil
		}
	}
	return kernels
}

// mainLoop is the mix of the innermost loop with tensor instructions, or else of the innermost loop; of several the one that has
// the most of them, then the longest. A loop is what lies between a label and a branch back to it, to which control comes from there.
func mainLoop(code []instruction) Mix {
	at := map[string]int{}
	for n, i := range code {
		for _, l := range i.labels {
			at[l] = n
		}
	}
	var loops, tensor []loop
	for n, i := range code {
		from, known := at[i.target]
		if !known || from >= n { // a branch to itself fills the end of a kernel
			continue
		}
		if !reaches(code, at, from, n) {
			continue
		}
		l := loop{from, n, Mix{}}
		for _, i := range code[from : n+1] {
			l.mix[kind(i.opcode)]++
		}
		loops = append(loops, l)
		if l.mix["tensor"] > 0 {
			tensor = append(tensor, l)
		}
	}
	if len(tensor) > 0 {
		loops = tensor
	}
	best := Mix{}
	for _, l := range loops {
		if c := cmp.Or(cmp.Compare(l.mix["tensor"], best["tensor"]), cmp.Compare(l.mix.Total(), best.Total())); c > 0 && !slices.ContainsFunc(loops, l.holds) {
			best = l.mix
		}
	}
	return best
}

// reaches says whether control comes from one instruction to a later one by those between. The assembler also branches back from
// what it has put behind the rest because it is rare.
func reaches(code []instruction, at map[string]int, from, to int) bool {
	seen, next := make([]bool, len(code)), []int{from}
	for len(next) > 0 {
		n := next[len(next)-1]
		next = next[:len(next)-1]
		for ; n >= from && n < to && !seen[n]; n++ {
			seen[n] = true
			if target, ok := at[code[n].target]; ok {
				next = append(next, target)
			}
			if code[n].last {
				break
			}
		}
		if n == to {
			return true
		}
	}
	return false
}

// loop is instructions from one to another.
type loop struct {
	from, to int
	mix      Mix
}

// holds says whether another loop lies inside.
func (l loop) holds(other loop) bool {
	return other.from >= l.from && other.to <= l.to && other.to-other.from < l.to-l.from
}

// kinds are the units of the opcodes, by how they begin; what is not among them is integer.
var kinds = []struct{ kind, opcodes string }{
	{"tensor", "HMMA IMMA DMMA QMMA OMMA HGMMA QGMMA IGMMA UTCHMMA UTCQMMA"},
	{"async copy", "LDGSTS UBLKCP UTMALDG UTMASTG LDGDEPBAR DEPBAR ARRIVES"},
	{"matrix load", "LDSM"},
	{"shared load", "LDS"},
	{"shared store", "STS STSM"},
	{"global load", "LDG LD"},
	{"global store", "STG ST RED REDG ATOMG ATOM"},
	{"local", "LDL STL"},
	{"constant load", "LDC LDCU ULDC"},
	{"float32", "FFMA FADD FMUL FMNMX FSETP FSEL FSET FCHK FFMA2 FADD2 FMUL2 FSWZADD"},
	{"float64", "DFMA DADD DMUL DSETP DMNMX"},
	{"half", "HFMA2 HADD2 HMUL2 HSETP2 HMNMX2"},
	{"special", "MUFU"},
	{"conversion", "I2F I2FP F2I F2F F2FP I2I FRND"},
	{"move", "MOV UMOV SEL USEL PRMT SHFL R2UR S2R S2UR CS2R R2P P2R VOTE VOTEU"},
	{"barrier", "BAR SYNCS MEMBAR WARPSYNC WARPGROUP ERRBAR"},
	{"control", "BRA EXIT BSSY BSYNC BREAK CALL RET NOP YIELD BRX JMP"},
}

// kind is the unit of an opcode.
func kind(opcode string) string {
	if strings.HasPrefix(opcode, "IMAD.MOV") {
		return "move"
	}
	base, _, _ := strings.Cut(opcode, ".")
	for _, k := range kinds {
		if slices.Contains(strings.Fields(k.opcodes), base) {
			return k.kind
		}
	}
	return "integer"
}
