// Command ptx says what can be known of the GPU device's kernels without a GPU: what NVIDIA's assembler makes of them, and how long
// each layer of ResNet-18 and ResNet-50 and the whole training step would take on an A100, H100 and H200. It fails where a
// kernel spills registers. docs/gpu-model.md tells how a time is predicted.
//
//	make ptx
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"gzpt/bench"
	"gzpt/cuda"
	"gzpt/cuda/predict"
	"gzpt/cuda/sass"
	"gzpt/kernels/atomicfile"
	"gzpt/nn"
)

// settings are the flags.
type settings struct {
	out, registers string
	batch, size    int
	depths         []int
}

// precisions are those that steps are predicted for, where the device has them.
var precisions = []string{"float32", "tf32", "bfloat16"}

func main() {
	s := settings{depths: []int{18, 50}}
	flag.StringVar(&s.out, "out", "bench/results/ptx.md", "page to write")
	flag.StringVar(&s.registers, "registers", "cuda/predict/registers.json", "file for the registers of the kernels, which predictions read")
	flag.IntVar(&s.batch, "batch", 256, "items of a step")
	flag.IntVar(&s.size, "image-size", 224, "side of a view in pixels")
	flag.Parse()
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "ptx:", err)
		os.Exit(1)
	}
}

func (s *settings) run() error {
	if err := cmp.Or(atomicfile.Ready(s.out), atomicfile.Ready(s.registers)); err != nil {
		return err
	}
	compiled, err := inspect()
	if err != nil {
		return err
	}
	registers := registersOf(compiled)
	text, err := json.MarshalIndent(registers, "", "\t")
	if err != nil {
		return err
	}
	if err := bench.WriteFile(s.registers, string(text)+"\n"); err != nil {
		return err
	}
	p, samples := &page{settings: s, kernels: compiled}, predict.Samples{}
	for _, depth := range s.depths {
		for _, precision := range precisions {
			n, err := s.network(depth, precision, registers, samples)
			if err != nil {
				return err
			}
			if n != nil {
				p.networks = append(p.networks, n)
			}
		}
	}
	if err := bench.WriteFile(s.out, p.text()); err != nil {
		return err
	}
	return spills(compiled)
}

// inspect is every kernel for every target.
func inspect() (all []sass.Kernel, err error) {
	sources, err := cuda.Sources()
	if err != nil {
		return nil, err
	}
	for _, source := range sources {
		for _, target := range sass.Targets(source.Text) {
			kernels, err := sass.Inspect(source, target)
			if err != nil {
				return nil, err
			}
			all = append(all, kernels...)
		}
	}
	return all, nil
}

func registersOf(kernels []sass.Kernel) predict.Registers {
	r := predict.Registers{}
	for _, k := range kernels {
		if r[k.Target] == nil {
			r[k.Target] = map[string]int{}
		}
		r[k.Target][k.Name] = k.Registers
	}
	return r
}

// spills is an error where a kernel keeps registers in memory.
func spills(kernels []sass.Kernel) error {
	var names []string
	for _, k := range kernels {
		if k.SpillBytes > 0 {
			names = append(names, fmt.Sprintf("%s on %s spills %d bytes", k.Name, k.Target, k.SpillBytes))
		}
	}
	if len(names) > 0 {
		return fmt.Errorf("%s: expected no spills", strings.Join(names, "; "))
	}
	return nil
}

// network predicts the training step of a ResNet on every GPU, nil where the device lacks the precision.
func (s *settings) network(depth int, precision string, registers predict.Registers, samples predict.Samples) (*network, error) {
	c := nn.DefaultConfig(nn.Arch{Depth: depth, Width: 64, Channels: 3})
	c.Height, c.Width, c.Batch, c.Precision = s.size, s.size, s.batch, precision
	n := &network{config: c}
	for _, gpu := range predict.GPUs() {
		fmt.Fprintf(os.Stderr, "%v, %s, %s\n", c.Arch, precision, gpu.Name)
		step, err := predictStep(context.Background(), gpu, c, registers, samples)
		if errors.Is(err, predict.ErrPrecision) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		n.steps = append(n.steps, step)
	}
	return n, nil
}

// network is the predictions for a training of a network.
type network struct {
	config nn.Config
	steps  []*step // by GPU
}

// launched is the size of the blocks that a kernel is launched with in any of the steps, and their shared memory, dynamic bytes
// included, 0 where none launches it.
func launched(networks []*network, kernel string) (threads, shared int) {
	for _, n := range networks {
		for _, s := range n.steps {
			threads, shared = max(threads, s.threads[kernel]), max(shared, s.shared[kernel])
		}
	}
	return threads, shared
}
