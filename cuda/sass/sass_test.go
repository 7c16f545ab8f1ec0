package sass

import (
	"maps"
	"slices"
	"testing"

	"gzpt/cuda"
	"gzpt/cuda/internal/toolkit"
)

// listing is as nvdisasm prints it: a loop inside another one, a loop behind them, and the branch to itself at the end.
const listing = "" +
	"	.section	.text.first,\"ax\",@progbits\n" +
	"first:\n" +
	".text.first:\n" +
	"        /*0000*/                   IMAD.MOV.U32 R1, RZ, RZ, c[0x0][0x28] ;\n" +
	".L_x_1:\n" +
	"        /*0010*/              @!P0 LDG.E R0, [R2.64] ;\n" +
	".L_x_0:\n" +
	"        /*0020*/                   LDSM.16.M88.4 R4, [R8] ;\n" +
	"        /*0030*/                   HMMA.16816.F32.BF16 R12, R4, R6, R12 ;\n" +
	"        /*0040*/                   IADD3 R8, R8, 0x10, RZ ;\n" +
	"        /*0050*/               @P1 BRA `(.L_x_0) ;\n" +
	"        /*0060*/              @!P2 BRA `(.L_x_1) ;\n" +
	".L_x_2:\n" +
	"        /*0070*/                   FFMA R1, R1, R2, R3 ;\n" +
	"        /*0080*/                   FFMA R1, R1, R2, R3 ;\n" +
	"        /*0090*/                   FFMA R1, R1, R2, R3 ;\n" +
	"        /*00a0*/                   FFMA R1, R1, R2, R3 ;\n" +
	"        /*00b0*/               @P1 BRA P4, `(.L_x_2) ;\n" +
	"        /*00c0*/                   EXIT ;\n" +
	".L_x_3:\n" +
	"        /*00d0*/                   BRA `(.L_x_3);\n" +
	"        /*00e0*/                   NOP;\n" +
	"	.section	.text.second,\"ax\",@progbits\n" +
	".text.second:\n" +
	"        /*0000*/                   STG.E [R2.64], R0 ;\n" +
	"        /*0010*/                   EXIT ;\n"

func TestMainLoop(t *testing.T) {
	kernels := parse(listing)
	if len(kernels) != 2 || len(kernels["first"]) != 15 || len(kernels["second"]) != 2 {
		t.Fatalf("%d kernels of %d and %d instructions", len(kernels), len(kernels["first"]), len(kernels["second"]))
	}
	want := Mix{"matrix load": 1, "tensor": 1, "integer": 1, "control": 1} // that with tensor instructions, not the longest
	if got := mainLoop(kernels["first"]); !maps.Equal(got, want) {
		t.Errorf("%v, expected %v", got, want)
	}
	if got := mainLoop(kernels["first"][7:]); !maps.Equal(got, Mix{"float32": 4, "control": 1}) {
		t.Errorf("%v", got)
	}
	// A branch back from code that the loop's label does not lead to makes no loop.
	behind := []instruction{
		{opcode: "FFMA", labels: []string{"a"}}, {opcode: "BRA", target: "a"}, {opcode: "STG", labels: []string{"b"}}, {opcode: "EXIT", last: true},
		{opcode: "MUFU", labels: []string{"c"}}, {opcode: "FADD"}, {opcode: "BRA", target: "b", last: true},
	}
	if got := mainLoop(behind); !maps.Equal(got, Mix{"float32": 1, "control": 1}) {
		t.Errorf("%v", got)
	}
	if i := kernels["first"]; i[6].last || i[11].last || !i[12].last || !i[13].last {
		t.Errorf("control goes on behind %+v", i)
	}
	// The copies that a loop with tensor instructions makes in a loop of their own are not the main loop.
	nested := []instruction{
		{opcode: "HMMA.1688.F32.TF32", labels: []string{"a"}}, {opcode: "LDGSTS.E.128", labels: []string{"b"}}, {opcode: "IADD3"}, {opcode: "IADD3"},
		{opcode: "BRA", target: "b"}, {opcode: "BRA", target: "a"},
	}
	if got := mainLoop(nested); !maps.Equal(got, Mix{"tensor": 1, "async copy": 1, "integer": 2, "control": 2}) {
		t.Errorf("%v", got)
	}
	if got := mainLoop(kernels["second"]); got.Total() != 0 {
		t.Errorf("a loop in a kernel without: %v", got)
	}
	if text := want.String(); text != "1 control, 1 integer, 1 matrix load, 1 tensor" {
		t.Error(text)
	}
}

func TestTargets(t *testing.T) {
	if got := Targets(".version 8.0\n.target sm_80\n"); !slices.Equal(got, []string{"sm_80", "sm_90", "sm_100"}) {
		t.Errorf("%v", got)
	}
	if got := Targets(".version 8.0\n.target sm_90a\n"); !slices.Equal(got, []string{"sm_90a"}) {
		t.Errorf("%v", got)
	}
}

// TestInspect takes the shipped weight gradient apart, whose main loop loads and multiplies.
func TestInspect(t *testing.T) {
	toolkit.Tool(t, "ptxas")
	toolkit.Tool(t, "nvdisasm")
	sources, err := cuda.Sources()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		if s.Name != "convolution_weights_f32.ptx" {
			continue
		}
		kernels, err := Inspect(s, "sm_80")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kernels {
			if k.Registers == 0 || k.SpillBytes > 0 || k.Loop["shared load"] == 0 || k.Loop["float32"] != 16*k.Loop["shared load"] || k.Instructions <= k.Loop.Total() {
				t.Errorf("%+v", k)
			}
		}
		return
	}
	t.Error("no convolution_weights_f32.ptx")
}
