package syntax

// This file knows how many registers of which type hold the fragments of mma, wgmma and wmma.

import (
	"fmt"
	"strings"
)

// matchFragment checks one operand of mma, wgmma, wmma.load, wmma.store or wmma.mma: which of them it is follows from its place.
func (i *Instruction) matchFragment(o *Operand, target bool) string {
	name := map[string]string{"load": i.With["matrix"], "store": "d"}[i.Modifiers[0]]
	for n, operand := range i.Operands {
		if operand == o && name == "" {
			name = []string{"d", "a", "b", "c"}[n]
		}
	}
	t, count := i.Fragment(name)
	if count == 0 {
		return "unknown combination of shape and types"
	}
	register := Type("b32")
	if t == "f32" || t == "f64" || t == "s32" {
		register = t
	}
	for _, element := range o.List {
		if element.Register != nil && register == "b32" && element.Register.Type.Float() {
			return fmt.Sprintf("register %s of type .%s holds no packed elements", element.Register.Name, element.Register.Type)
		}
	}
	return i.matchVector(o, register, count, false, target)
}

// Fragment is the type of the elements of operand a, b, c or d and the number of registers that hold a lane's share.
func (i *Instruction) Fragment(name string) (Type, int) {
	switch i.Opcode {
	case "mma":
		return i.mmaFragment(name)
	case "wgmma":
		t, count := i.mmaFragment(name)
		return t, count / 4 // a warpgroup holds it
	}
	t := Type(i.With["T"])
	if i.Modifiers[0] == "mma" {
		t = Type(i.With[strings.ToUpper(name)])
		if t == "" {
			t = "f16"
		}
	}
	return t, wmmaRegisters[fmt.Sprintf("%s.%s.%s", i.With["shape"], name, t)]
}

// SparseThreads is how many of four neighbouring threads hold the metadata of a sparse product. Which of the groups of so many of them
// do the last operand says.
func (i *Instruction) SparseThreads() int {
	_, _, k := i.Shape()
	return k / i.SparseChunk() / 4
}

// SparseChunk is how many elements of a row of A each 4 bits of the metadata of a sparse product are about, half of which are there.
func (i *Instruction) SparseChunk() int {
	switch Type(i.With["A"]).Bits() {
	case 4:
		return 8
	case 32:
		return 2
	}
	return 4
}

// Shape is M, N and K.
func (i *Instruction) Shape() (m, n, k int) {
	fmt.Sscanf(i.With["shape"], "m%dn%dk%d", &m, &n, &k)
	return m, n, k
}

func (i *Instruction) mmaFragment(name string) (Type, int) {
	m, n, k := i.Shape()
	t := Type(i.With[strings.ToUpper(name)])
	elements := map[string]int{"a": m * k, "b": k * n, "c": m * n, "d": m * n}[name]
	if name == "a" && i.Has("sparse") {
		elements /= 2
	}
	if t == "f64" {
		return t, elements / 32
	}
	return t, elements * t.Bits() / 32 / 32
}

// wmmaRegisters are the registers of a lane. A lane's share of a and b in f16 lies in twice as many as it fills.
var wmmaRegisters = map[string]int{
	"m16n16k16.a.f16": 8, "m16n16k16.b.f16": 8, "m32n8k16.a.f16": 8, "m32n8k16.b.f16": 8, "m8n32k16.a.f16": 8, "m8n32k16.b.f16": 8,
	"m16n16k16.a.bf16": 4, "m16n16k16.b.bf16": 4, "m32n8k16.a.bf16": 8, "m32n8k16.b.bf16": 2, "m8n32k16.a.bf16": 2, "m8n32k16.b.bf16": 8,
	"m16n16k16.a.u8": 2, "m16n16k16.b.u8": 2, "m16n16k16.a.s8": 2, "m16n16k16.b.s8": 2,
	"m32n8k16.a.u8": 4, "m32n8k16.b.u8": 1, "m32n8k16.a.s8": 4, "m32n8k16.b.s8": 1, "m8n32k16.a.u8": 1, "m8n32k16.b.u8": 4, "m8n32k16.a.s8": 1, "m8n32k16.b.s8": 4,
	"m32n8k16.c.s32": 8, "m32n8k16.d.s32": 8, "m8n32k16.c.s32": 8, "m8n32k16.d.s32": 8,
	"m8n8k4.a.f64": 1, "m8n8k4.b.f64": 1, "m8n8k4.c.f64": 2, "m8n8k4.d.f64": 2,
	"m16n16k8.a.tf32": 4, "m16n16k8.b.tf32": 4,
	"m16n16k16.c.f16": 4, "m16n16k16.d.f16": 4, "m32n8k16.c.f16": 4, "m32n8k16.d.f16": 4, "m8n32k16.c.f16": 4, "m8n32k16.d.f16": 4,
	"m16n16k16.c.f32": 8, "m16n16k16.d.f32": 8, "m32n8k16.c.f32": 8, "m32n8k16.d.f32": 8, "m8n32k16.c.f32": 8, "m8n32k16.d.f32": 8,
	"m16n16k8.c.f32": 8, "m16n16k8.d.f32": 8,
	"m16n16k16.c.s32": 8, "m16n16k16.d.s32": 8,
}
