package syntax

import (
	"fmt"
	"strings"
	"testing"
)

const head = ".version 8.0\n.target sm_80\n.address_size 64\n"

// TestModules holds the errors of everything but instructions to their text.
func TestModules(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", `m.ptx:1: expected .version, found the end of the file`},
		{"no target", ".version 8.0\n.entry k() { ret; }", `m.ptx:2: expected .target, found .entry`},
		{"old target", ".version 8.0\n.target sm_20\n", `m.ptx:3: target sm_20, expected sm_50 or later`},
		{"32 bits", ".version 8.0\n.target sm_80\n.address_size 32\n", `m.ptx:4: expected .address_size 64`},
		{"good", head + ".visible .entry k() { ret; }", ""},
		{"tail", head + "x", `m.ptx:4: expected a directive, found "x"`},
		{"two bodies", head + ".entry k() { ret; }\n.entry k() { ret; }", `m.ptx:5: k has two bodies`},
		{"prototype", head + ".func f(.param .b32 a);\n.func f(.param .b32 a) { ret; }", ""},
		{"other prototype", head + ".func f(.param .b32 a);\n.func f(.param .b64 a) { ret; }", `m.ptx:5: f differs from its declaration in line 4`},
		{"array", head + ".global .align 4 .b8 a[8] = {1, 2, 3};", ""},
		{"long initialiser", head + ".global .b8 a[2] = {1, 2, 3};", `m.ptx:4: a has 2 bytes and an initialiser of 3`},
		{"pointers", head + ".global .u32 x = 5;\n.global .u64 a[2] = {x, generic(x)+4};", ""},
		{"unknown pointer", head + ".global .u64 a = y;", `m.ptx:4: unknown name y`},
		{"twice", head + ".global .u32 x;\n.global .u32 x;", `m.ptx:5: x is declared twice`},
		{"alignment", head + ".global .align 3 .b8 a[2];", `m.ptx:4: alignment 3, expected a power of two`},
		{"huge", head + ".global .b8 a[4000000000];", `m.ptx:4: a has more than 1073741824 bytes`},
		{"registers", head + ".entry k() {\n.reg .b32 %r<99999999>;\n}", `m.ptx:5: registers 99999999, expected at most 1048576`},
		{"register beside a range", head + ".entry k() { .reg .b32 %h, %h<2>; mov.u32 %h, %h1; ret; }", ""},
		{"range twice", head + ".entry k() { .reg .b32 %h<2>; .reg .b32 %h<3>; }", `m.ptx:4: register %h is declared twice`},
		{"register in a range", head + ".entry k() { .reg .b32 %h<2>; .reg .b32 %h1; ret; }", `m.ptx:4: register %h1 is declared twice`},
		{"string", head + ".file 1 \"a", `m.ptx:4: string without end`},
		{"comment", head + "/* a", `m.ptx:4: comment without end`},
		{"character", head + "\x00", `m.ptx:4: unexpected character '\x00'`},
		{"number", head + ".global .u32 a = 0x;", `m.ptx:4: "0x" is no number of at most 64 bits`},
		{"expression", head + ".global .u32 a[(2+3)*4 - 6/2] = {-1, ~0, 1<<3|1};", ""},
		{"division", head + ".global .u32 a[1/0];", `m.ptx:4: division by zero`},
		{"nesting", head + ".global .u32 a[" + strings.Repeat("(", 100) + "];", `m.ptx:4: expression nested more than 64 deep`},
		{"scopes", head + ".entry k() " + strings.Repeat("{", 100), `m.ptx:4: more than 64 nested scopes`},
		{"call", head + ".func (.param .b32 r) f(.param .b32 a) { ret; }\n.entry k() { .param .b32 x; call (x), f, (x); ret; }", ""},
		{"short call", head + ".func f(.param .b32 a) { ret; }\n.entry k() { call f; ret; }", `m.ptx:5: call: 0 arguments, expected 1`},
		{"large argument", head + ".func f(.param .b32 a) { ret; }\n.entry k() { .param .b64 x;\ncall f, (x); ret; }", `m.ptx:6: call: x has 8 bytes, expected 4`},
		{"inner label", head + ".entry k() { bra L; { L: ret; } }", `m.ptx:4: unknown name L`},
		{"two labels", head + ".entry k() { L:\nL: ret; }", `m.ptx:5: label L is declared twice`},
		{"shadow", head + ".entry k() { .reg .b32 r; { .reg .f32 r; add.f32 r, r, r; } add.s32 r, r, r; }", ""},
		{"guard", head + ".entry k() { .reg .b32 r;\n@r ret; }", `m.ptx:5: r is no predicate`},
	} {
		_, err := Parse("m.ptx", test.text)
		if got := errorText(err); got != test.want {
			t.Errorf("%s: error %q, expected %q", test.name, got, test.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestInitialisers holds variables to their bytes.
func TestInitialisers(t *testing.T) {
	m, err := Parse("m.ptx", head+".global .f32 a[3] = {0f3F800000, 1.0, -0f3F800000};\n.const .u16 b[4] = {1, 0xffff};\n.global .v2 .u32 c[2];")
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{"\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x80\xbf", "\x01\x00\xff\xff", ""} {
		if v := m.Variables[n]; string(v.Initial) != want {
			t.Errorf("%s = %x, expected %x", v.Name, v.Initial, want)
		}
	}
	for n, want := range []int{12, 8, 16} {
		if v := m.Variables[n]; v.Bytes != want {
			t.Errorf("%s has %d bytes, expected %d", v.Name, v.Bytes, want)
		}
	}
	if c := m.Variables[2]; c.Align != 8 {
		t.Errorf("alignment %d of c, expected 8", c.Align)
	}
}

// FuzzParse demands that no text makes the parser panic or run away.
func FuzzParse(f *testing.F) {
	f.Add(head + ".visible .entry k(.param .u64 p) {\n.reg .b32 %r<9>;\n.reg .pred %p;\nL: @%p bra L;\nadd.s32 %r1, %r2, -3;\nst.global.v2.u32 [p+4], {%r1,_};\nret; }")
	f.Add(head + ".func (.param .b32 r) f(.param .align 8 .b8 a[16]);\n.global .u64 t[2] = {generic(t)+8, {0x12U}};")
	f.Add(head + ".entry k() { .reg .b32 a; T: .branchtargets L, L;\n brx.idx a, T; L: { .shared .align 16 .b8 s[4*(1<<3)]; mov.u32 a, s+4; } }")
	for _, line := range refused {
		f.Add(head + ".entry k() {\n" + line + "\n}")
	}
	f.Fuzz(func(t *testing.T, text string) {
		module, err := Parse("fuzz.ptx", text)
		if (module == nil) == (err == nil) {
			t.Fatalf("module %v with error %v", module, err)
		}
	})
}

// TestUnsupported demands that what the manual has and the table has not is refused by name.
func TestUnsupported(t *testing.T) {
	text := fmt.Sprintf(preamble, "sm_90a")
	line := strings.Count(text, "\n") + 1
	for statement, why := range map[string]string{
		"tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%d1, {%f5, %f6}];":                            "is not supported: textures",
		"sust.b.2d.b32.trap [%d1, {%r1, %r2}], {%r3};":                                          "is not supported: surfaces",
		"multimem.red.relaxed.sys.global.add.u32 [%d1], %r1;":                                   "is not supported: memory of several devices",
		"vmad.s32.s32.s32 %r1, %r2, %r3, %r4;":                                                  "is not supported: video instructions",
		"cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%d1], [%r2], %r3;":         "modifiers that are unknown or not supported",
		"clusterlaunchcontrol.try_cancel.async.mbarrier::complete_tx::bytes.b128 [%r1], [%r2];": "is not supported: clusters that are launched anew",
		"nothing.u32 %r1;": "unknown instruction",
	} {
		_, err := Parse("one.ptx", text+statement+"\n}\n")
		if want := fmt.Sprintf("one.ptx:%d: ", line); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: error %v, expected %s... %s", statement, err, want, why)
		}
	}
}
