package nn

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"gzpt/kernels"
	"gzpt/kernels/atomicfile"
	"gzpt/kernels/checksum"
	"gzpt/kernels/input"
	"gzpt/nn/internal/named"
)

// A checkpoint is, all numbers little-endian:
//
//	8 bytes   "gzptckpt"
//	uint32    version of the format
//	uint32    length of the header
//	          header: JSON
//	          the blocks that the header lists, float32, indices of items int32, one after the other
//	uint32    CRC-32C of everything before
//
// Random numbers follow from the seed in the settings and from counters in the header, so these are the generator states.
const (
	checkpointMagic   = "gzptckpt"
	checkpointVersion = 1
	maxHeader         = 1 << 20
	fixedHeader       = len(checkpointMagic) + 8
)

// Arithmetic is the number of this version's arithmetic: while it is the same, the same settings and data give the same
// bits on the same tier. A change that moves a bit of a training on purpose (an order of sums, a kernel, the pixels of a
// view) raises it, so that a run which an older version began can be told that it goes on to other bits.
const Arithmetic = 4

// commonArithmetic is the last number that came with other bits of every method. Those behind it moved the contrastive methods
// alone: with 3 their loss and its gradient became one operation, with 4 its exponentials go by a table.
const commonArithmetic = 2

// firstArithmetic is that of checkpoints without a number.
const firstArithmetic = 1

// Position is where a run stands in its data: the caller's part of a checkpoint.
type Position struct {
	// Epoch is the number of epochs done, Batch that of micro-batches done in the current one.
	Epoch int `json:"epoch"`
	Batch int `json:"batch"`
}

// CheckpointInfo is what a checkpoint says about itself.
type CheckpointInfo struct {
	// Version is that of the file format.
	Version int
	// Config is the settings of the run.
	Config Config
	// Device is the name of the device that wrote it; another one continues the run, but not to the same bits.
	Device string
	// Arithmetic is the number that [Arithmetic] had when it was written; under another one, too, the run continues to other
	// bits.
	Arithmetic int
	// Steps and Updates count the micro-batches and the updates of the weights done.
	Steps, Updates int
	// Position is where the run stands in its data.
	Position Position
	// State is the checksum of the blocks, all that was trained; a backbone that was exported from it names it.
	State string
}

// SameBits reports whether this version's arithmetic continues the run to the bits that its own version would have given.
func (i *CheckpointInfo) SameBits() bool {
	contrastive := i.Config.Method == "simclr" || i.Config.Method == "moco"
	return i.Arithmetic == Arithmetic || !contrastive && commonArithmetic <= i.Arithmetic && i.Arithmetic < Arithmetic
}

// checkpointHeader is the JSON of a checkpoint.
type checkpointHeader struct {
	Config     Config           `json:"config"`
	Device     string           `json:"device"`
	Arithmetic int              `json:"arithmetic"`
	Steps      int              `json:"steps"`
	Updates    int              `json:"updates"`
	Position   Position         `json:"position"`
	Tracked    map[string]int64 `json:"num_batches_tracked"` // by network
	Blocks     []blockHeader    `json:"blocks"`

	state string // the checksum of the blocks
}

type blockHeader struct {
	Name     string `json:"name"`
	Elements int64  `json:"elements"`
}

// block is a named piece of a trainer's state: a tensor of the device, or numbers that the host holds.
type block struct {
	name   string
	tensor kernels.Tensor
	floats []float32
	ints   []int32

	least, most int32 // of ints
}

func onDevice(name string, t kernels.Tensor) block { return block{name: name, tensor: t} }

// len is the number of elements, of four bytes each in the file.
func (b block) len() int { return b.tensor.Len() + len(b.floats) + len(b.ints) }

// blocks is the state of the trainer after its micro-batches. Gradients belong to it only inside an accumulation: after
// an update they are 0.
func (t *Trainer) blocks(steps int) []block {
	var all []block
	for _, n := range t.networks {
		all = append(all, onDevice(n.name+".weights", n.weights.block), onDevice(n.name+".statistics", n.statistics.block))
	}
	for i, m := range t.optimiser.moments {
		all = append(all, onDevice(fmt.Sprintf("optimiser.moment%d", i+1), m))
	}
	return append(all, t.method.state(steps%t.config.Accumulate)...)
}

// SaveCheckpoint writes everything that a bit-exact resume needs to a file: aside, flushed and renamed, so that path
// always holds a whole checkpoint. A trainer that was stopped by NaN or infinity is not saved: its error comes back.
func SaveCheckpoint(path string, t *Trainer, p Position) error {
	return atomicfile.Write(path, func(w io.Writer) error { return t.Save(w, p) })
}

// Save writes a checkpoint to w, block by block.
func (t *Trainer) Save(w io.Writer, p Position) error {
	if t.failed != nil {
		return fmt.Errorf("nn: checkpoint: not written: %w", t.failed)
	}
	if t.dev.Type() != kernels.Float32 {
		return fmt.Errorf("nn: checkpoint: not written: it holds float32, the device computes in %v", t.dev.Type())
	}
	h := checkpointHeader{
		Config: t.config, Device: t.dev.Name(), Arithmetic: Arithmetic, Steps: t.steps, Updates: t.updates, Position: p, Tracked: map[string]int64{},
	}
	for _, n := range t.networks {
		h.Tracked[n.name] = n.tracked
	}
	blocks := t.blocks(t.steps)
	for _, b := range blocks {
		h.Blocks = append(h.Blocks, blockHeader{b.name, int64(b.len())})
	}
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("nn: checkpoint: header: %w", err)
	}
	if len(text) > maxHeader {
		return fmt.Errorf("nn: checkpoint: not written: its header would have %d bytes, a reader accepts %d", len(text), maxHeader)
	}

	sum := checksum.New()
	out := io.MultiWriter(w, sum)
	fixed := binary.LittleEndian.AppendUint32([]byte(checkpointMagic), checkpointVersion)
	fixed = binary.LittleEndian.AppendUint32(fixed, uint32(len(text)))
	if _, err := out.Write(append(fixed, text...)); err != nil {
		return fmt.Errorf("nn: checkpoint: %w", err)
	}
	state := checksum.New()
	for _, b := range blocks {
		if err := t.writeBlock(io.MultiWriter(out, state), b); err != nil {
			return fmt.Errorf("nn: checkpoint: %s: %w", b.name, err)
		}
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return fmt.Errorf("nn: checkpoint: %w", err)
	}
	t.checkpoint = checksum.Text(state.Sum32())
	return nil
}

// chunk is how many elements of a block pass through host memory at once.
const chunk = 1 << 16

func (t *Trainer) writeBlock(w io.Writer, b block) error {
	values, bytes := make([]float32, chunk), make([]byte, 4*chunk)
	for i := 0; i < b.len(); i += chunk {
		n := min(chunk, b.len()-i)
		if b.ints != nil {
			for j, v := range b.ints[i : i+n] {
				binary.LittleEndian.PutUint32(bytes[4*j:], uint32(v))
			}
		} else if err := t.readFloats(values[:n], b, i); err != nil {
			return err
		} else {
			for j, v := range values[:n] {
				binary.LittleEndian.PutUint32(bytes[4*j:], math.Float32bits(v))
			}
		}
		if _, err := w.Write(bytes[:4*n]); err != nil {
			return err
		}
	}
	return nil
}

// readFloats copies the elements of a block of floats from the given one on.
func (t *Trainer) readFloats(values []float32, b block, from int) error {
	if b.floats != nil {
		copy(values, b.floats[from:])
		return nil
	}
	return t.dev.Read(values, b.tensor.Slice(from, len(values)))
}

// LoadCheckpoint continues the run of a checkpoint: the trainer, made with the same settings, gets the weights,
// statistics, moments and counters, and the caller the position in the data. A file that is truncated, corrupted, of
// another format or a newer version, or that belongs to other settings is an error that names the file and what was
// expected; the trainer is then unchanged.
func LoadCheckpoint(path string, t *Trainer) (Position, error) {
	f, err := input.Open(path)
	if err != nil {
		return Position{}, err
	}
	defer f.Close()
	p, err := t.Load(f)
	if err != nil {
		return Position{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Load is LoadCheckpoint from r. It reads twice, first to verify and then, block by block, into the trainer; should the
// second reading fail, the trainer cannot be used any more and every Step returns the error.
func (t *Trainer) Load(r io.ReadSeeker) (Position, error) {
	h, data, err := verifyCheckpoint(r)
	if err != nil {
		return Position{}, err
	}
	blocks, err := t.match(h)
	if err != nil {
		return Position{}, err
	}
	if _, err := r.Seek(data, io.SeekStart); err != nil {
		return Position{}, fmt.Errorf("nn: checkpoint: %w", err)
	}
	t.dev.Fill(t.method.trained().gradients.block, 0)
	in := bufio.NewReaderSize(r, 4*chunk)
	for _, b := range blocks {
		if err := t.readBlock(in, b); err != nil {
			t.failed = fmt.Errorf("nn: checkpoint: %s: %w", b.name, err)
			return Position{}, t.failed
		}
	}
	for _, n := range t.networks {
		n.tracked = h.Tracked[n.name]
	}
	t.renew()
	if err := t.dev.Sync(); err != nil {
		t.failed = fmt.Errorf("nn: checkpoint: %w", err)
		return Position{}, t.failed
	}
	t.steps, t.updates, t.failed, t.checkpoint = h.Steps, h.Updates, nil, h.state
	return h.Position, nil
}

func (t *Trainer) readBlock(r io.Reader, b block) error {
	values, bytes := make([]float32, chunk), make([]byte, 4*chunk)
	for i := 0; i < b.len(); i += chunk {
		n := min(chunk, b.len()-i)
		if _, err := io.ReadFull(r, bytes[:4*n]); err != nil {
			return err
		}
		for j := range values[:n] {
			bits := binary.LittleEndian.Uint32(bytes[4*j:])
			if b.ints != nil {
				if v := int32(bits); v < b.least || v > b.most {
					return fmt.Errorf("element %d is %d, expected %d to %d", i+j, v, b.least, b.most)
				}
				b.ints[i+j] = int32(bits)
			}
			values[j] = math.Float32frombits(bits)
		}
		switch {
		case b.tensor.Rank() > 0:
			t.dev.Write(b.tensor.Slice(i, n), values[:n])
		case b.floats != nil:
			copy(b.floats[i:], values[:n])
		}
	}
	return nil
}

// match demands that the checkpoint belongs to this trainer and returns the blocks that it fills.
func (t *Trainer) match(h checkpointHeader) ([]block, error) {
	if t.dev.Type() != kernels.Float32 {
		return nil, fmt.Errorf("nn: checkpoint: it holds float32, the device computes in %v", t.dev.Type())
	}
	if err := sameConfig(h.Config, t.config); err != nil {
		return nil, err
	}
	if h.Steps < 0 || h.Steps > t.config.Steps || h.Updates != h.Steps/t.config.Accumulate {
		return nil, fmt.Errorf("nn: checkpoint: impossible counters: %d steps and %d updates", h.Steps, h.Updates)
	}
	for _, n := range t.networks {
		if _, ok := h.Tracked[n.name]; !ok {
			return nil, fmt.Errorf("nn: checkpoint: no num_batches_tracked of network %s", n.name)
		}
	}
	blocks := t.blocks(h.Steps)
	if len(blocks) != len(h.Blocks) {
		return nil, fmt.Errorf("nn: checkpoint: %d blocks, expected %d", len(h.Blocks), len(blocks))
	}
	for i, b := range blocks {
		if want := (blockHeader{b.name, int64(b.len())}); h.Blocks[i] != want {
			return nil, fmt.Errorf("nn: checkpoint: block %d is %s of %d elements, expected %s of %d", i, h.Blocks[i].Name, h.Blocks[i].Elements, want.Name, want.Elements)
		}
	}
	return blocks, nil
}

// sameConfig names every setting of a checkpoint that differs from that of the trainer.
func sameConfig(file, here Config) error {
	var faults []error
	for _, d := range named.Differences(named.Values(file), named.Values(here)) {
		faults = append(faults, fmt.Errorf("nn: checkpoint: of another run: %s is %s in the file, expected %s", d.Name, cmp.Or(d.A, "none"), cmp.Or(d.B, "none")))
	}
	return errors.Join(faults...)
}

// ReadCheckpointInfo verifies the whole file and says what it holds.
func ReadCheckpointInfo(path string) (CheckpointInfo, error) {
	f, err := input.Open(path)
	if err != nil {
		return CheckpointInfo{}, err
	}
	defer f.Close()
	h, _, err := verifyCheckpoint(f)
	if err != nil {
		return CheckpointInfo{}, fmt.Errorf("%s: %w", path, err)
	}
	return CheckpointInfo{
		Version: checkpointVersion, Config: h.Config, Device: h.Device, Arithmetic: h.Arithmetic, Steps: h.Steps, Updates: h.Updates, Position: h.Position,
		State: h.state,
	}, nil
}

// verifyCheckpoint reads all of r and returns the header and where the blocks begin.
func verifyCheckpoint(r io.ReadSeeker) (h checkpointHeader, data int64, err error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return h, 0, fmt.Errorf("nn: checkpoint: %w", err)
	}
	sum := checksum.New()
	in := bufio.NewReaderSize(r, 4*chunk)
	text, err := readHeader(io.TeeReader(in, sum))
	if err != nil {
		return h, 0, err
	}
	h.Arithmetic = firstArithmetic
	if err := json.Unmarshal(text, &h); err != nil {
		return h, 0, fmt.Errorf("nn: checkpoint: corrupted header, or that of a newer version: %w", err)
	}
	data = int64(fixedHeader + len(text))
	end := data
	for _, b := range h.Blocks {
		if b.Elements < 0 || b.Elements > size {
			return h, 0, fmt.Errorf("nn: checkpoint: truncated or corrupted: block %s of %d elements in a file of %d bytes", b.Name, b.Elements, size)
		}
		end += 4 * b.Elements
	}
	if size != end+crc32.Size {
		return h, 0, fmt.Errorf("nn: checkpoint: truncated or corrupted: %d bytes, expected %d", size, end+crc32.Size)
	}
	state := checksum.New()
	if _, err := io.CopyN(io.MultiWriter(sum, state), in, end-data); err != nil {
		return h, 0, fmt.Errorf("nn: checkpoint: %w", err)
	}
	var stored [crc32.Size]byte
	if _, err := io.ReadFull(in, stored[:]); err != nil {
		return h, 0, fmt.Errorf("nn: checkpoint: checksum: %w", err)
	}
	if want := binary.LittleEndian.Uint32(stored[:]); sum.Sum32() != want {
		return h, 0, fmt.Errorf("nn: checkpoint: corrupted: its checksum is %08x, expected %08x", sum.Sum32(), want)
	}
	h.state = checksum.Text(state.Sum32())
	return h, data, nil
}

// readHeader reads up to the end of the header and returns its text.
func readHeader(r io.Reader) ([]byte, error) {
	var fixed [fixedHeader]byte
	if err := input.ReadFull(r, fixed[:], errors.New("not a checkpoint: shorter than its fixed header")); err != nil {
		return nil, fmt.Errorf("nn: checkpoint: %w", err)
	}
	if string(fixed[:len(checkpointMagic)]) != checkpointMagic {
		return nil, fmt.Errorf("nn: checkpoint: not a checkpoint: it does not begin with %q", checkpointMagic)
	}
	version := binary.LittleEndian.Uint32(fixed[len(checkpointMagic):])
	if version != checkpointVersion {
		return nil, fmt.Errorf("nn: checkpoint: format version %d, this program reads version %d", version, checkpointVersion)
	}
	n := binary.LittleEndian.Uint32(fixed[len(checkpointMagic)+4:])
	if n > maxHeader {
		return nil, fmt.Errorf("nn: checkpoint: corrupted: a header of %d bytes, expected at most %d", n, maxHeader)
	}
	text := make([]byte, n)
	if err := input.ReadFull(r, text, errors.New("truncated in the header")); err != nil {
		return nil, fmt.Errorf("nn: checkpoint: %w", err)
	}
	return text, nil
}
