package ptxsim

import "testing"

// videoTests hold video instructions to the manual's definition, part by part.
func videoTests() (tests []opcodeTest) {
	add := func(text, letters string, model func(x [4]uint64) uint64) {
		tests = append(tests, opcodeTest{text + ";", letters, model})
	}
	kinds := []string{"u32", "s32"}
	for _, to := range kinds {
		for _, a := range kinds {
			for _, b := range kinds {
				types := "." + to + "." + a + "." + b
				for _, name := range []string{"vadd", "vsub", "vabsdiff", "vmin", "vmax"} {
					scalarVideoTests(add, name, types, to, a, b)
				}
				for _, name := range []string{"vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax"} {
					for _, parts := range []int{2, 4} {
						partsVideoTests(add, name, types, parts, to, a, b)
					}
				}
			}
		}
	}
	for cmp, holds := range map[string]func(a, b int64) bool{
		"eq": func(a, b int64) bool { return a == b }, "ne": func(a, b int64) bool { return a != b }, "lt": func(a, b int64) bool { return a < b },
		"le": func(a, b int64) bool { return a <= b }, "gt": func(a, b int64) bool { return a > b }, "ge": func(a, b int64) bool { return a >= b },
	} {
		add("vset4.u32.s32."+cmp+" $0, $1, $2, $3", "rrrr", func(x [4]uint64) (result uint64) {
			for n := range 4 {
				result |= pick(holds(int64(x[0]>>(8*n)&255), int64(int8(x[1]>>(8*n)))), 1, 0) << (8 * n)
			}
			return result
		})
		add("vset2.s32.s32."+cmp+".add $0, $1, $2, $3", "rrrr", func(x [4]uint64) uint64 {
			for n := range 2 {
				x[2] += pick(holds(int64(int16(x[0]>>(16*n))), int64(int16(x[1]>>(16*n)))), 1, 0)
			}
			return x[2]
		})
	}
	return tests
}

// videoModel is the operation on two numbers.
func videoModel(name string, a, b int64) int64 {
	switch name {
	case "vadd":
		return a + b
	case "vsub":
		return a - b
	case "vmin":
		return min(a, b)
	case "vmax":
		return max(a, b)
	case "vavrg":
		if a+b >= 0 {
			return (a + b + 1) / 2
		}
		return (a + b - 1) / 2 // the half goes away from zero
	}
	if a > b {
		return a - b
	}
	return b - a
}

// videoNumber is part n of a word.
func videoNumber(word uint64, n, size int, kind string) int64 {
	value := int64(word >> (n * size) & (1<<size - 1))
	if kind == "s32" && value >= 1<<(size-1) {
		return value - 1<<size
	}
	return value
}

func videoClamp(v int64, size int, kind string) int64 {
	least, most := int64(0), int64(1)<<size-1
	if kind == "s32" {
		least, most = -1<<(size-1), 1<<(size-1)-1
	}
	return max(least, min(most, v))
}

func scalarVideoTests(add adder, name, types, to, a, b string) {
	for _, sat := range []string{"", ".sat"} {
		first := func(x [4]uint64) int64 {
			v := videoModel(name, videoNumber(x[0], 0, 32, a), videoNumber(x[1], 0, 32, b))
			if sat != "" {
				v = videoClamp(v, 32, to)
			}
			return videoNumber(uint64(v)&0xffffffff, 0, 32, to)
		}
		add(name+types+sat+" $0, $1, $2", "rrr", func(x [4]uint64) uint64 { return uint64(first(x)) })
		for _, second := range []string{"add", "min", "max"} {
			add(name+types+sat+"."+second+" $0, $1, $2, $3", "rrrr", func(x [4]uint64) uint64 {
				return uint64(videoModel("v"+second, first(x), videoNumber(x[2], 0, 32, to)))
			})
		}
	}
}

func partsVideoTests(add adder, name, types string, parts int, to, a, b string) {
	size := 32 / parts
	for _, mode := range []string{"", ".sat", ".add"} {
		add(name+string(rune('0'+parts))+types+mode+" $0, $1, $2, $3", "rrrr", func(x [4]uint64) (result uint64) {
			for n := range parts {
				v := videoModel(name, videoNumber(x[0], n, size, a), videoNumber(x[1], n, size, b))
				if mode == ".sat" {
					v = videoClamp(v, size, to)
				}
				x[2] += uint64(v)
				result |= uint64(v) & (1<<size - 1) << (n * size)
			}
			if mode == ".add" {
				return x[2]
			}
			return result
		})
	}
}

// TestVideoOpcodes tries the video instructions, all types of them in three of the ways.
func TestVideoOpcodes(t *testing.T) {
	if testing.Short() {
		t.Skip("one warp has no goroutine beside it; run without -short")
	}
	tests := videoTests()
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) { test.check(t) })
	}
	t.Logf("%d instructions", len(tests))
}
