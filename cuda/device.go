// Package cuda is the device for NVIDIA GPUs: hand-written PTX, launched over the small interface of a driver. It is plain
// Go; which driver runs the kernels is the caller's choice: the interpreter of package ptxsim needs no GPU.
//
// Its kernels are in float32 with float64 where the contract sums in it: exact, and the same bits on every GPU and on the
// interpreter. All sums have an order that follows from the shapes alone. Activations may be bfloat16. Products of matrices, the
// contrastive loss and convolutions go in tiles through shared memory.
// [Settings] can have products of float32 computed on tensor cores, faster and less exactly.
package cuda

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gzpt/cuda/internal/driver"
	"gzpt/kernels"
)

//go:embed ptx/*.ptx
var sources embed.FS

const (
	folder = "ptx"
	// library is the file of functions: those that a family declares are appended to it.
	library = "functions.ptx"
)

// Products is how a device multiplies float32 tensors.
type Products uint8

const (
	// Float32 is one float32 multiply-add after the other, on the ordinary cores: the default, and the oracle of the others.
	Float32 Products = iota
	// TF32 is tensor cores on operands rounded to tf32, which has the range of float32 and 10 binary digits behind the point. The
	// products are exact, their sums float32.
	TF32
)

// String is the name in [Device.Name] and in the command's --precision.
func (p Products) String() string { return [...]string{"float32", "tf32"}[p] }

// Settings are what a caller chooses. The zero value is exact.
type Settings struct {
	Products Products
	// Portable leaves out the kernels for one generation of GPUs, so that those run that all GPUs have.
	Portable bool
	// WithoutGraphs has recorded operations too issued one by one.
	WithoutGraphs bool
}

// Device is a GPU as a device of package kernels. Activations are float32 or bfloat16.
type Device struct {
	settings  Settings
	driver    driver.Device
	stream    driver.Stream
	families  map[instance]family // those that are not compiled yet
	functions map[instance]kernel
	check     kernels.Check
	memory    memory
	arguments arguments
	maps      map[mapping]driver.TensorMap // those that were encoded

	wideBlocks  int // see the constants
	secondBytes int
	groupParts  int
	beginning   int
	leastTurned int
	staging     staging // host memory of transfers
	recording   recording
	err         error // why nothing is done any more
}

var _ kernels.Recorder = (*Device)(nil)

// Open loads the kernels into a device of a driver, which the result owns from then on: also where Open fails it is closed. The
// kernels of convolutions and of tensor cores are loaded when they are first called.
func Open(gpu driver.Device, settings Settings) (*Device, error) {
	list, err := families()
	if err != nil {
		_ = gpu.Close() // the first error says more
		return nil, fmt.Errorf("cuda: Open: %w", err)
	}
	return open(gpu, settings, list)
}

// open is Open with the given kernels.
func open(gpu driver.Device, settings Settings, list []family) (*Device, error) {
	d := &Device{
		settings: settings, driver: gpu, families: map[instance]family{}, functions: map[instance]kernel{}, memory: newMemory(),
		maps: map[mapping]driver.TensorMap{}, wideBlocks: wideBlocks, secondBytes: secondBytes, groupParts: groupParts, beginning: beginning, leastTurned: leastTurned,
	}
	d.check = kernels.Check{Type: kernels.Float32, Owner: d, BFloat16: true}
	stream, err := gpu.NewStream()
	if err == nil {
		d.stream = stream
		err = d.find(list)
	}
	if err != nil {
		_ = gpu.Close()
		return nil, fmt.Errorf("cuda: Open: %w", err)
	}
	return d, nil
}

// family is the PTX of one family of kernels with the functions that it calls; name is its file.
type family struct {
	name, text string
	variant    variant
	widths     map[string]int // elements of a thread, by kernel
}

// instance is a kernel in a variant.
type instance struct {
	kernel  string
	variant variant
}

func (i instance) String() string { return i.variant.name(i.kernel) }

// kernel is what can be launched.
type kernel struct {
	driver.Function
	width  int // elements of a thread
	shared int // bytes of dynamic shared memory that it may have, 0 until it asks for some
}

// families are all kernels that ship, read once a process.
func families() ([]family, error) {
	list, err := shipped()
	return slices.Clone(list), err
}

var shipped = sync.OnceValues(func() ([]family, error) {
	files, err := sources.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	functions, err := sources.ReadFile(folder + "/" + library)
	if err != nil {
		return nil, err
	}
	var list []family
	for _, file := range files {
		if file.Name() == library {
			continue
		}
		text, err := sources.ReadFile(folder + "/" + file.Name())
		if err != nil {
			return nil, err
		}
		list = append(list, family{name: file.Name(), text: string(text) + declared(string(text), string(functions))})
	}
	return list, nil
})

var function = regexp.MustCompile(`(?m)^\.func (?:\(.*?\) )?(\w+)\(`)

// declared is those of the library's functions that a family declares.
func declared(family, library string) string {
	names := map[string]bool{}
	for _, match := range function.FindAllStringSubmatch(family, -1) {
		names[match[1]] = true
	}
	var all strings.Builder
	for _, text := range strings.SplitAfter(library, "\n}\n") {
		if match := function.FindStringSubmatch(text); match != nil && names[match[1]] {
			all.WriteString(text)
		}
	}
	return all.String()
}

var entry = regexp.MustCompile(`(?m)^\.visible \.entry (\w+)`)

// find notes which family has which kernel that the GPU can run, and compiles all but those of convolutions and of tensor cores, which
// take longest and which not every caller needs: these at their first call.
func (d *Device) find(list []family) error {
	for _, f := range inAllVariants(list) {
		if f.forHopper() && !d.hasHopper() {
			continue
		}
		for kernel := range f.widths {
			d.families[instance{kernel, f.variant}] = f
		}
		if !strings.HasPrefix(f.name, "convolution_") && !strings.Contains(f.text, "mma.sync") && !f.forHopper() {
			if err := d.load(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// load compiles a family and finds its kernels by name.
func (d *Device) load(f family) error {
	module, err := d.driver.Load(f.name, f.text)
	if err != nil {
		return err
	}
	for name, width := range f.widths {
		i := instance{name, f.variant}
		function, err := module.Function(i.String())
		if err != nil {
			return err
		}
		d.functions[i] = kernel{Function: function, width: width}
		delete(d.families, i)
	}
	return nil
}

// function is a kernel, compiled if it is not yet, which may have so many bytes of dynamic shared memory.
func (d *Device) function(i instance, shared int) (driver.Function, error) {
	if f, ok := d.families[i]; ok {
		if err := d.load(f); err != nil {
			return nil, err
		}
	}
	k := d.functions[i]
	if shared > k.shared {
		if err := k.SetDynamicShared(shared); err != nil {
			return nil, err
		}
		k.shared = shared
		d.functions[i] = k
	}
	return k.Function, nil
}

// fail makes err the device's error unless it has one.
func (d *Device) fail(op string, err error) {
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("%s: %s: %w", d.Name(), op, err)
	}
}

// Name says what float32 tensors are multiplied in: "cuda/float32", "cuda/tf32".
func (d *Device) Name() string { return "cuda/" + d.Products() }

// Products names how float32 tensors are multiplied; see [kernels.Multiplier].
func (d *Device) Products() string { return d.settings.Products.String() }

// Type is Float32.
func (d *Device) Type() kernels.Type { return kernels.Float32 }

// Supports reports whether the device has tensors of a type: it has all.
func (d *Device) Supports(t kernels.Type) bool {
	return t == kernels.Float32 || t == kernels.BFloat16 || t == kernels.Float64 || t == kernels.Int32
}

// Sync waits for all operations issued so far.
func (d *Device) Sync() error { return d.wait("Sync") }

// wait waits for the device, after which no copy reads host memory any more.
func (d *Device) wait(op string) error {
	d.synchronize(op)
	d.staging.reuse()
	d.recording.staging.taken = 0
	return d.err
}

// synchronize waits for what was issued or noted.
func (d *Device) synchronize(op string) {
	d.issue(op)
	if d.err == nil {
		d.fail(op, d.stream.Synchronize())
	}
	d.recording.longest = firstLength
}

// Close gives back all that the device holds.
func (d *Device) Close() { _ = d.driver.Close() }
