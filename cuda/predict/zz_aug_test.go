package predict

import (
	"fmt"
	"sort"
	"testing"

	"gzpt/kernels"
	"gzpt/kernels/trace"
)

func TestScratchAugment(t *testing.T) {
	for _, precision := range []string{"bfloat16"} {
		d, err := Open(GPUs()[2], precision)
		if err != nil {
			t.Fatal(err)
		}
		y := d.New(kernels.BFloat16, 512, 224, 224, 3)
		im := d.New(kernels.Int32, 256, 256*256*3/4)
		table := d.New(kernels.Float64, 512, kernels.ViewColumns(0)+6)
		r := trace.New(d, d)
		r.Begin()
		r.Augment(y, im, table, kernels.Views{Side: 256, Bits: 8})
		for _, c := range r.End() {
			fmt.Println(c.Operation, c.Took, c.Bytes)
		}
		for _, x := range d.Operations[len(d.Operations)-1] {
			fmt.Printf("    %-40s %6.1f blocks %d occ %d ", x.Kernel, x.Seconds*1e6, x.Blocks, x.Occupancy)
			terms := append([]Term(nil), x.Terms...)
			sort.Slice(terms, func(i, j int) bool { return terms[i].Seconds > terms[j].Seconds })
			for _, q := range terms[:7] {
				fmt.Printf(" %s %.1f", q.Name, q.Seconds*1e6)
			}
			fmt.Println()
		}
		for _, q := range d.launches {
			fmt.Println("==", q.Kernel)
			var top []string
			for _, k := range q.Lines {
				top = append(top, fmt.Sprintf("%8d %s %d", k.Instructions/uint64(q.Ran), k.Text, k.Line))
			}
			if q.Kernel == "view_pixels" {
				for _, l := range top {
					fmt.Println(l)
				}
			}
		}
	}
}
