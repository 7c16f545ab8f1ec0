package syntax

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gzpt/cuda/internal/toolkit"
)

const preamble = `.version 9.1
.target %s
.address_size 64
.visible .entry k(.param .u64 p)
{
	.reg .pred %%p<9>;
	.reg .b16 %%h<9>;
	.reg .b32 %%r<199>;
	.reg .b64 %%d<99>;
	.reg .f32 %%f<199>;
	.reg .f64 %%e<99>;
	.shared .align 16 .b8 s[64];
	.local .align 16 .b8 l[64];
	.param .align 16 .b8 q[16];
L:
	T: .branchtargets L, L;
`

// instances writes instructions of a form: every alternative of each modifier in turn, the others at their first.
func (f *Form) instances(opcode string) (lines []string) {
	base := make([]string, len(f.modifiers))
	for n, m := range f.modifiers {
		if !m.optional {
			base[n] = m.alternatives[0]
		}
	}
	add := func(choice []string) {
		if line := f.instance(opcode, choice); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	add(base)
	for n, m := range f.modifiers {
		for _, alternative := range m.alternatives {
			choice := slices.Clone(base)
			choice[n] = alternative
			add(choice)
			if m.name != "T" {
				for k, other := range f.modifiers { // with every type
					for _, t := range other.alternatives {
						if other.name == "T" {
							choice[k] = t
							add(choice)
						}
					}
				}
			}
		}
	}
	return lines
}

func (f *Form) instance(opcode string, choice []string) string {
	i := &Instruction{Opcode: opcode, With: map[string]string{}}
	for n, text := range choice {
		if text != "" {
			i.Modifiers = append(i.Modifiers, text)
			i.With[f.modifiers[n].name] = text
		}
	}
	var operands []string
	for n, class := range slices.Concat(f.targets, f.sources) {
		if class, optional := strings.CutSuffix(class, "?"); !optional || class == "b64" && i.Has("hint") {
			operands = append(operands, i.sample(class, n))
		}
	}
	return i.Text() + " " + strings.Join(operands, ", ") + ";"
}

// sample writes an operand of a class.
func (i *Instruction) sample(class string, n int) string {
	one := func(t Type) string { return sampleRegister(t, n) }
	switch class {
	case "[]":
		switch {
		case strings.HasPrefix(i.With["space"], "shared"):
			if i.Opcode == "cp" && n == 1 {
				return "[%d9]"
			}
			return "[s]"
		case i.With["space"] == "local":
			return "[l]"
		case i.With["space"] == "param" && i.Opcode == "st":
			return "[q]"
		case strings.HasPrefix(i.With["space"], "param"):
			return "[p]"
		}
		return "[%d9]"
	case "imm":
		return map[string]string{"lop3": "128", "cp": "16", "pmevent": "1", "discard": "128", "applypriority": "128", "setmaxnreg": "64", "alloca": "16", "wgmma": "1"}[i.Opcode]
	case "[map]":
		return "[%d9, " + vectorOf("b32", i.dimensions(), 0) + "]"
	case "offsets":
		return vectorOf("b16", i.dimensions()-2, 0)
	case "sink":
		return "_"
	case "label":
		return "L"
	case "targets":
		return "T"
	case "any":
		return one(Type(i.With["T"]))
	case "frag":
		return vectorOf("b32", map[string]int{"x1": 1, "x2": 2, "x4": 4}[i.With["count"]], n)
	case "mma", "wmma":
		name := map[string]string{"load": i.With["matrix"], "store": "d"}[i.Modifiers[0]]
		if name == "" {
			name = []string{"d", "a", "b", "c"}[n]
		}
		t, count := i.Fragment(name)
		if t.Size() < 4 || !t.Float() && t != "s32" {
			t = "b32"
		}
		return vectorOf(t, count, n)
	case "pred|pred":
		return "%p1|%p2"
	case "predicate":
		return "-1"
	case "pred", "!pred":
		return "%p" + strconv.Itoa(1+n)
	}
	if first, _, pair := strings.Cut(class, "|"); pair {
		return one(i.typeOf(first)) + "|%p1"
	}
	if rest, vector := strings.CutPrefix(class, "*"); vector {
		t := i.typeOf(strings.TrimPrefix(rest, "~"))
		if count := map[string]int{"v2": 2, "v4": 4}[i.With["vec"]]; count > 0 {
			return vectorOf(t, count, n)
		}
		return one(t)
	}
	if i.Opcode == "bar" && class == "u32" || i.Opcode == "barrier" && class == "u32" {
		first := n == 0 || n == 1 && i.Has("op")
		return map[bool]string{true: "1", false: "32"}[first]
	}
	return one(i.typeOf(strings.TrimPrefix(class, "~")))
}

func vectorOf(t Type, count, n int) string {
	var list []string
	for k := range count {
		list = append(list, sampleRegister(t, 8*(n+1)+k))
	}
	return "{" + strings.Join(list, ",") + "}"
}

func sampleRegister(t Type, n int) string {
	letter := "h"
	switch {
	case t == "f32":
		letter = "f"
	case t == "f64":
		letter = "e"
	case t == "pred":
		letter = "p"
	case t.Size() == 4:
		letter = "r"
	case t.Size() == 8:
		letter = "d"
	}
	if letter == "h" || letter == "p" {
		n %= 8
	}
	return "%" + letter + strconv.Itoa(n+1)
}

var errorLine = regexp.MustCompile(`line (\d+);`)

// TestFormsAgainstPtxas demands that the assembler accepts every instruction that the table of forms accepts.
func TestFormsAgainstPtxas(t *testing.T) {
	ptxas := toolkit.Tool(t, "ptxas")
	text := fmt.Sprintf(preamble, "sm_90a")
	first := strings.Count(text, "\n") + 1
	var lines []string
	for opcode, list := range table() {
		for _, form := range list {
			before := len(lines)
			for _, line := range form.instances(opcode) {
				if _, err := Parse("one.ptx", text+line+"\n}\n"); err == nil {
					lines = append(lines, line)
				}
			}
			if len(lines) == before {
				t.Errorf("%s: not one instruction", form.text)
			}
		}
	}
	slices.Sort(lines)
	lines = append(lines, shuffled(lines, text)...)
	for _, line := range accepted {
		if _, err := Parse("one.ptx", text+line+"\n}\n"); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	if len(lines) < 2000 {
		t.Errorf("%d instructions, expected thousands", len(lines))
	}
	file := filepath.Join(t.TempDir(), "forms.ptx")
	if err := os.WriteFile(file, []byte(text+strings.Join(lines, "\n")+"\n}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := toolkit.Assemble(ptxas, file, "sm_90a"); err != nil {
		for line := range strings.Lines(err.Error()) {
			if !strings.Contains(line, "error") {
				continue
			}
			if m := errorLine.FindStringSubmatch(line); m != nil {
				n, _ := strconv.Atoi(m[1])
				t.Errorf("%s\n\t%s", lines[min(n-first, len(lines)-1)], strings.TrimSpace(line))
			}
		}
		t.Errorf("ptxas refuses: %.300s", err)
	}
	t.Logf("%d instructions of %d opcodes", len(lines), len(table()))
}

// shuffled are the instructions that are taken with their modifiers in another order too.
func shuffled(lines []string, text string) (made []string) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, line := range lines {
		head, operands, _ := strings.Cut(line, " ")
		parts := strings.Split(head, ".")
		random.Shuffle(len(parts)-1, func(a, b int) { parts[1+a], parts[1+b] = parts[1+b], parts[1+a] })
		other := strings.Join(parts, ".") + " " + operands
		if _, err := Parse("one.ptx", text+other+"\n}\n"); err == nil && other != line {
			made = append(made, other)
		}
	}
	return made
}

// accepted are statements that no form shows: sinks, special registers, constant expressions, names in addresses.
var accepted = []string{
	"mov.u16 %h1, %ntid.y;", "cvt.u64.u32 %d1, %tid.x;", "cvt.u16.u32 %h1, %laneid;", "mov.s32 %r1, %ctaid.z;", "mov.b64 {%r1, _}, %d1;", "mov.b64 %d1, {%f1, %f2};",
	"ld.global.v4.f32 {%f1, _, _, %f2}, [%d1];", "ld.shared.u32 %r1, [s+4*3];", "mov.u32 %r1, s+8;", "add.s32 %r1, %r2, 2*(3+4);", "add.s32 %r1, %r2, -5;",
	"mov.f32 %f1, 1.5;", "cvta.shared.u64 %d1, s;", "mbarrier.arrive.shared.b64 _, [s];", "shl.b32 %r1, %r2, -1;", "lop3.and.b32 _|%p1, %r2, %r3, %r4, 0x80, %p2;",
	"shfl.sync.idx.b32 %r1, %r2, 0, 31, -1;", "atom.add.global.u32 %r1, [%d1], 1;", "setp.eq.s32 %p1|_, %r1, 2;", "mov.b32 %r1, %envreg2;", "ret.uni;",
}

// refused are statements that neither the table nor the assembler accepts: wrong modifiers, types, operands, names.
var refused = []string{
	"add.s32 %f1, %f2, %f3;", "add.s32 %r1, %r2;", "add.s32 %r1, %r2, %r3, %r4;", "add.sat.u32 %r1, %r2, %r3;",
	"add.s32 %d1, %r2, %r3;", "add.s64 %d1, %d2, %r3;", "add.rn.s32 %r1, %r2, %r3;", "add.f32 %f1, %f2, 1;", "add.s32 %r1, %r2, 0f3F800000;",
	"add.s32.rn %r1, %r2, %r3;", "add %r1, %r2, %r3;", "adds.s32 %r1, %r2, %r3;", "add.b32 %r1, %r2, %r3;", "add.s32 5, %r2, %r3;",
	"add.s32 %r1, %r2, %r200;", "add.s32 %r1, %r2, %q3;", "add.s32 %r1, %r2, %p3;", "add.f64 %e1, %e2, %f3;", "add.ftz.f64 %e1, %e2, %e3;",
	"mul.s32 %r1, %r2, %r3;", "mul.wide.s64 %d1, %d2, %d3;", "mul.wide.s32 %r1, %r2, %r3;", "mul.lo.f32 %f1, %f2, %f3;", "mad.f32 %f1, %f2, %f3, %f4;",
	"fma.f32 %f1, %f2, %f3, %f4;", "fma.rn.f32 %f1, %f2, %f3;", "fma.rn.ftz.f64 %e1, %e2, %e3, %e4;", "div.f32 %f1, %f2, %f3;", "rem.f32 %f1, %f2, %f3;",
	"sqrt.f32 %f1, %f2;", "rcp.rn.approx.f32 %f1, %f2;", "ex2.f32 %f1, %f2;", "ex2.approx.f64 %e1, %e2;", "lg2.approx.f64 %e1, %e2;",
	"and.s32 %r1, %r2, %r3;", "and.b32 %f1, %f2, %f3;x", "shl.u32 %r1, %r2, %r3;", "shl.b32 %r1, %r2, %d3;", "shr.f32 %f1, %f2, %r3;",
	"not.pred %r1, %r2;", "lop3.b32 %r1, %r2, %r3, %r4;", "prmt.b64 %d1, %d2, %d3, %r4;", "bfe.b32 %r1, %r2, %r3, %r4;", "popc.u32 %r1, %r2;",
	"popc.b64 %d1, %d2;", "setp.lt.s32 %r1, %r2, %r3;", "setp.lt.b32 %p1, %r2, %r3;", "setp.ltu.s32 %p1, %r2, %r3;", "setp.lt.and.s32 %p1, %r2, %r3;",
	"setp.lo.s32 %p1, %r2, %r3;", "selp.b32 %r1, %r2, %r3, %r4;", "selp.b32 %r1, %r2, %p1;", "mov.u32 %d1, %r2;",
	"mov.u64 %r1, %d2;", "mov.u32 %r1, %tid;", "mov.u64 %d1, %tid.x;", "mov.b64 %d1, {%r1, %r2, %r3};", "mov.b64 {%r1, %h2}, %d1;",
	"cvt.f32.s32 %f1, %r2;", "cvt.s32.f32 %r1, %f2;", "cvt.rn.s32.f32 %r1, %f2;", "cvt.rni.f32.s32 %f1, %r2;", "cvt.f32.f64 %f1, %e2;",
	"cvt.rn.f64.f32 %e1, %f2;", "cvt.u32.u64 %r1, %r2;", "cvt.u64.u32 %r1, %r2;", "cvt.rn.bf16x2.f32 %r1, %f2;", "cvt.rna.f16.f32 %h1, %f2;",
	"ld.u32 %r1, %d1;", "ld.global.u32 %h1, [%d1];", "ld.global.f32 %r1, [%f1];", "ld.global.v2.u32 %r1, [%d1];", "ld.global.v4.u32 {%r1,%r2}, [%d1];",
	"ld.global.v4.u64 {%d1,%d2,%d3,%d4}, [%d9];", "ld.shared.nc.u32 %r1, [s];", "ld.global.f32 %f1, [s];", "ld.shared.u32 %r1, [l];", "ld.global.u32 %f1, [%d1];",
	"st.global.u32 [%d1];", "st.global.nc.u32 [%d1], %r1;", "st.param.u32 [p], %r1;", "st.const.u32 [%d1], %r1;", "st.global.u32 [%d1], {%r1,%r2};",
	"atom.global.add.s64 %d1, [%d2], %d3;", "atom.global.min.f32 %f1, [%d2], %f3;", "atom.global.and.u32 %r1, [%d2], %r3;", "atom.global.cas.b32 %r1, [%d2], %r3;",
	"atom.local.add.u32 %r1, [l], %r3;", "red.global.exch.b32 [%d2], %r3;", "red.global.add.u32 %r1, [%d2], %r3;", "bar.sync;", "bar.sync 16;",
	"bar.arrive 1;", "bar.warp.sync;", "shfl.bfly.b32 %r1, %r2, %r3, %r4;", "shfl.sync.bfly.b32 %r1, %r2, %r3, %r4;", "shfl.sync.bfly.b64 %d1, %d2, %r3, %r4, %r5;",
	"vote.ballot.b32 %r1, %p1;", "vote.sync.ballot.pred %p1, %p2, %r3;", "redux.sync.add.f32 %f1, %f2, %r3;",
	"bra;", "bra NOWHERE;", "bra %r1;", "@%r1 bra L;", "call nothing;", "ret 5;", "cp.async.ca.shared.global [s], [%d1];", "cp.async.cg.shared.global [s], [%d1], 8;",
	"cp.async.ca.shared.global [s], [%d1], 12;", "cp.async.wait_group;", "cp.async.wait_group %r1;", "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1,%r2}, [s];",
	"ldmatrix.sync.m8n8.x1.shared.b16 {%r1}, [s];", "ldmatrix.sync.aligned.m8n8.x1.global.b16 {%r1}, [%d1];",
	"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1,%f2,%f3,%f4}, {%r1,%r2}, {%r3,%r4}, {%f1,%f2,%f3,%f4};",
	"mma.sync.aligned.m16n8k16.row.col.f32.bf16.f16.f32 {%f1,%f2,%f3,%f4}, {%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};",
	"mma.sync.aligned.m16n8k16.row.row.f32.bf16.bf16.f32 {%f1,%f2,%f3,%f4}, {%r1,%r2,%r3,%r4}, {%r5,%r6}, {%f1,%f2,%f3,%f4};",
	"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1,%f2,%f3,%f4}, {%f5,%f6,%f7,%f8}, {%r3,%r4}, {%f1,%f2,%f3,%f4};",
	".reg .b32 %r<99>;", ".reg .i32 %z;", ".shared .b8 t[];", ".shared .b32 u = 5;", "L: add.s32 %r1, %r2, %r3;", "add.s32 %r1, %r2, %r3", "{ add.s32 %r1, %r2, %r3;",
	"add.s32 %r1, %r2, 99999999999999999999;", "mov.b32 %r1, 0f3F80;", "isspacep.global %r1, %d1;", "cvta.shared.u64 %r1, %d1;", "cvta.to.local.u32 %d1, %d2;",
}

// refusedHopper are those of sm_90a.
var refusedHopper = []string{
	"wgmma.fence.aligned;", "wgmma.wait_group.sync.aligned;", "wgmma.wait_group.sync.aligned %r1;", "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1,%f2,%f3}, %d1, %d2, %p1, 1, 1, 0, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1,%f2,%f3,%f4}, %d1, %d2, %p1, 2, 1, 0, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1,%f2,%f3,%f4}, %d1, %d2, %p1, 1, 0, 0, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1,%f2,%f3,%f4}, %d1, %d2, %p1, 1, 1, 2, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1,%f2,%f3,%f4}, %d1, %d2, %p1, 1, 1, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1,%f2,%f3,%f4}, {%r1,%r2,%r3,%r4}, %d2, %p1, 1, 1, 0, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1,%f2,%f3,%f4}, {%r1,%r2}, %d2, %p1, 1, 1, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k8.f32.tf32.tf32 {%f1,%f2,%f3,%f4}, %d1, %d2, %p1, 1, 1, 0, 1;",
	"wgmma.mma_async.sync.aligned.m64n12k16.f32.bf16.bf16 {%f1,%f2,%f3,%f4,%f5,%f6}, %d1, %d2, %p1, 1, 1, 0, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k16.f16.bf16.bf16 {%r1,%r2}, %d1, %d2, %p1, 1, 1, 0, 0;",
	"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.f16 {%f1,%f2,%f3,%f4}, %d1, %d2, %p1, 1, 1, 0, 0;",
	"cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [s], [%d1, {%r1}], [s];",
	"cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [s], [%d1], [s];",
	"cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [s], [%d1, {%d1,%d2}], [s];",
	"cp.async.bulk.tensor.2d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [s], [%d1, {%r1,%r2}], [s], {};",
	"cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [s], [%d1, {%r1,%r2,%r3,%r4}], [s], {%h1};",
	"cp.async.bulk.tensor.4d.shared::cluster.global.im2col.mbarrier::complete_tx::bytes [s], [%d1, {%r1,%r2,%r3,%r4}], [s], {%r1,%r2};",
	"cp.async.bulk.tensor.6d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [s], [%d1, {%r1,%r2,%r3,%r4,%r5,%r6}], [s];",
	"cp.async.bulk.tensor.2d.global.shared::cta.im2col.bulk_group [%d1, {%r1,%r2}], [s];",
	"cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group.L2::cache_hint [%d1, {%r1,%r2}], [s];",
	"cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%d1], 16, [s], %d2;",
	"ld.global.u32 %r1, [%d1, {%r1}];", "setmaxnreg.inc.sync.aligned.u32 %r1;",
}

func TestRefused(t *testing.T) {
	for target, lines := range map[string][]string{"sm_80": refused, "sm_90a": refusedHopper} {
		text := fmt.Sprintf(preamble, target)
		for _, line := range lines {
			if _, err := Parse("one.ptx", text+line+"\n}\n"); err == nil {
				t.Errorf("%s is accepted", line)
			} else if m := err.(*Error); m.Line < strings.Count(text, "\n")+1 {
				t.Errorf("%s: %v names another line", line, err)
			}
		}
	}
}

// TestRefusedAgainstPtxas demands that the assembler refuses the same. It is given all statements at a time, and those that
// it then does not name, because another stopped it, alone.
func TestRefusedAgainstPtxas(t *testing.T) {
	refusedAgainstPtxas(t, "sm_80", refused)
	refusedAgainstPtxas(t, "sm_90a", refusedHopper)
}

func refusedAgainstPtxas(t *testing.T, target string, refused []string) {
	t.Helper()
	ptxas := toolkit.Tool(t, "ptxas")
	text := fmt.Sprintf(preamble, target)
	first := strings.Count(text, "\n") + 1
	file := filepath.Join(t.TempDir(), "refused.ptx")
	assemble := func(lines ...string) error {
		if err := os.WriteFile(file, []byte(text+strings.Join(lines, "\n")+"\n}\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := toolkit.Assemble(ptxas, file, target)
		return err
	}
	whole := slices.DeleteFunc(slices.Clone(refused), func(line string) bool { // these change what follows
		return !strings.HasSuffix(line, ";") || strings.ContainsAny(line[:1], ".{L")
	})
	named := map[string]bool{}
	if err := assemble(whole...); err != nil {
		for _, m := range errorLine.FindAllStringSubmatch(err.Error(), -1) {
			n, _ := strconv.Atoi(m[1])
			named[whole[min(max(n-first, 0), len(whole)-1)]] = true
		}
	}
	alone := 0
	for _, line := range refused {
		if named[line] {
			continue
		}
		alone++
		if err := assemble(line); err == nil {
			t.Errorf("ptxas accepts %s", line)
		}
	}
	t.Logf("%d statements, %d of them alone", len(refused), alone)
}
