package ptxsim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gzpt/cuda/internal/driver"
	"gzpt/cuda/internal/toolkit"
)

// wrongKernel is a file of testdata/wrong: two twins in one text.
type wrongKernel struct {
	name, text, fault   string
	here                []int // lines where the fault may show, none for anywhere
	grid, block, shared int
}

var markedLine = regexp.MustCompile(`// (wrong|mended|here|wrong, here|mended, here)$`)

func wrongKernels(t *testing.T) (list []wrongKernel) {
	t.Helper()
	files, err := filepath.Glob("testdata/wrong/*.ptx")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d kernels (%v), expected sixty", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		k := wrongKernel{name: strings.TrimSuffix(filepath.Base(file), ".ptx"), text: string(text)}
		for n, line := range strings.Split(k.text, "\n") {
			if fault, is := strings.CutPrefix(line, "// fault: "); is {
				k.fault = fault
			}
			if launch, is := strings.CutPrefix(line, "// launch: "); is {
				fmt.Sscanf(launch, "grid %d block %d shared %d", &k.grid, &k.block, &k.shared)
			}
			if m := markedLine.FindStringSubmatch(line); m != nil && strings.HasSuffix(m[1], "here") {
				k.here = append(k.here, n+1)
			}
		}
		list = append(list, k)
	}
	return list
}

// twin is the text of one of the two, with the other's lines blank, so that lines keep their numbers.
func (k *wrongKernel) twin(leave string) string {
	lines := strings.Split(k.text, "\n")
	for n, line := range lines {
		if m := markedLine.FindStringSubmatch(line); m != nil && strings.HasPrefix(m[1], leave) {
			lines[n] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// run launches a twin on the buffers that every kernel is given.
func (k *wrongKernel) run(t *testing.T, text string, options Options) error {
	t.Helper()
	options.BlockInstructions = 100_000
	d := Open(options)
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	stream, err := d.NewStream()
	must(err)
	alloc := func(bytes int) driver.Pointer {
		p, err := d.Alloc(bytes)
		must(err)
		return p
	}
	p, q, u, c := alloc(4096), alloc(4096), alloc(4096), alloc(256)
	must(d.Free(q))
	numbers := make([]byte, 4096)
	for n := range 1024 {
		binary.LittleEndian.PutUint32(numbers[4*n:], uint32(n))
	}
	must(stream.CopyIn(p, numbers))
	must(stream.Fill(c, 0, 64))
	module, err := d.Load(k.name+".ptx", text)
	must(err)
	f, err := module.Function("k")
	must(err)
	var arguments []byte
	arguments = binary.LittleEndian.AppendUint64(arguments, uint64(p))
	arguments = binary.LittleEndian.AppendUint64(arguments, 1024)
	for _, pointer := range []driver.Pointer{q, u, c} {
		arguments = binary.LittleEndian.AppendUint64(arguments, uint64(pointer))
	}
	if offsets := f.Attributes().ArgumentOffsets; len(offsets) > 5 { // p as 32 rows of 32 numbers, in boxes of 8 rows
		m, err := d.EncodeTiled(driver.Tiled{
			Tensor: driver.Tensor{Type: driver.Uint32, At: p, Sizes: []uint64{32, 32}, Strides: []uint64{128}}, Box: []uint32{32, 8},
		})
		must(err)
		arguments = append(arguments, make([]byte, offsets[5]-len(arguments))...)
		arguments = append(arguments, m[:]...)
	}
	return stream.Launch(driver.Launch{Function: f, Grid: [3]int{k.grid, 1, 1}, Block: [3]int{k.block, 1, 1}, Shared: k.shared, Arguments: arguments})
}

// TestWrongKernels demands of each that its fault is found under every schedule, at its place, and none in its twin. Where tests are short
// there are two schedules: the others have the same goroutines.
func TestWrongKernels(t *testing.T) {
	schedules := uint64(8)
	if testing.Short() {
		schedules = 2
	}
	for _, k := range wrongKernels(t) {
		t.Run(k.name, func(t *testing.T) {
			for seed := range schedules {
				err := k.run(t, k.twin("mended"), Options{Seed: seed})
				var fault *Fault
				if !errors.As(err, &fault) {
					t.Fatalf("seed %d: error %v, expected the fault %q", seed, err, k.fault)
				}
				if !strings.Contains(fault.Reason, k.fault) {
					t.Errorf("seed %d: %v, expected %q", seed, err, k.fault)
				}
				if len(k.here) > 0 && !slices.Contains(k.here, fault.Line) {
					t.Errorf("seed %d: %v, expected one of the lines %v", seed, err, k.here)
				}
				if err := k.run(t, k.twin("wrong"), Options{Seed: seed}); err != nil {
					t.Errorf("seed %d: the mended twin: %v", seed, err)
				}
			}
		})
	}
}

// TestIgnoreRaces demands that races in global memory pass where nobody wants to know of them, and other faults do not.
func TestIgnoreRaces(t *testing.T) {
	for _, k := range wrongKernels(t) {
		err := k.run(t, k.twin("mended"), Options{IgnoreRaces: true})
		between := strings.HasPrefix(k.fault, "race between blocks") || strings.HasPrefix(k.fault, "race in global") || k.fault == "no fence lies behind the strong read"
		if between != (err == nil) {
			t.Errorf("%s: error %v", k.name, err)
		}
	}
}

// TestWrongKernelsAgainstPtxas demands that the assembler accepts all twins: what is wrong with them only shows in a run. All
// go into one file, under names of their own.
func TestWrongKernelsAgainstPtxas(t *testing.T) {
	if testing.Short() {
		t.Skip("ptxas, and no goroutine of ours; run without -short")
	}
	ptxas := toolkit.Tool(t, "ptxas")
	var whole strings.Builder
	whole.WriteString(".version 8.6\n.target sm_90a\n.address_size 64\n")
	names := regexp.MustCompile(`\b(k\(|recur\b|nothing\b|table\b|\bd\b)`)
	count := 0
	for _, k := range wrongKernels(t) {
		for _, leave := range []string{"wrong", "mended"} {
			_, body, _ := strings.Cut(k.twin(leave), ".address_size 64\n")
			fmt.Fprintf(&whole, "// %s without what is %s\n", k.name, leave)
			whole.WriteString(names.ReplaceAllStringFunc(body, func(name string) string { return fmt.Sprintf("x%d%s", count, name) }))
			count++
		}
	}
	file := filepath.Join(t.TempDir(), "twins.ptx")
	if err := os.WriteFile(file, []byte(whole.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	usage, err := toolkit.Assemble(ptxas, file, "sm_90a")
	if err != nil {
		t.Fatal(err)
	}
	if len(usage) != count {
		t.Errorf("ptxas compiled %d entries, expected %d", len(usage), count)
	}
}
