package nn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"gzpt/kernels"
	"gzpt/kernels/checksum"
	"gzpt/kernels/reference"
)

// TestResume: 2 + 2 steps through a checkpoint are 4 steps, byte for byte, on every tier, for every method and optimiser, and
// also where the checkpoint lies inside an accumulation.
func TestResume(t *testing.T) {
	for _, d := range tiers(t) {
		for _, method := range Methods() {
			for _, name := range []string{"adamw", "sgd", "lars"} {
				for _, accumulate := range []int{1, 2, 4} {
					if method != "byol" && name != "adamw" || raceEnabled && (name != "adamw" || accumulate > 2) {
						continue
					}
					c := tinyMethod(method, 18)
					c.Optimiser, c.Accumulate = DefaultOptimiser(name), accumulate
					resumes(t, fmt.Sprintf("%s, %s, %s, accumulate %d", d.name, method, name, accumulate), d.dev, c)
				}
			}
		}
	}
}

func resumes(t *testing.T, name string, dev kernels.Device, c Config) {
	whole := newTrainer(t, dev, c)
	train(t, whole, 0, 4)

	first := newTrainer(t, dev, c)
	train(t, first, 0, 2)
	path := filepath.Join(t.TempDir(), "last.ckpt")
	if err := SaveCheckpoint(path, first, Position{Epoch: 1, Batch: 2}); err != nil {
		t.Fatal(err)
	}
	c.Seed++ // other weights at first: all of the state comes from the file
	second := newTrainer(t, dev, c)
	train(t, second, 50, c.Accumulate-1) // what is gathered does not stay
	second.config.Seed, second.batch.pairs.seed = first.config.Seed, first.config.Seed
	p, err := LoadCheckpoint(path, second)
	if err != nil || p != (Position{Epoch: 1, Batch: 2}) || second.StepsDone() != 2 {
		t.Fatalf("%s: position %+v, %d steps, error %v", name, p, second.StepsDone(), err)
	}
	if got, want := train(t, second, 2, 2), train(t, first, 2, 2); got != want {
		t.Errorf("%s: the last step says %+v after a resume, %+v without", name, got, want)
	}
	if !bytes.Equal(state(t, whole), state(t, second)) {
		t.Errorf("%s: 2+2 steps differ from 4", name)
	}
}

// TestLoadReplacesGradients: a trainer that stopped inside an accumulation, or on a NaN, goes on from a checkpoint
// without a trace of that.
func TestLoadReplacesGradients(t *testing.T) {
	dev := reference.New(kernels.Float32)
	c := tiny(18)
	c.Accumulate = 2
	tr := newTrainer(t, dev, c)
	start := state(t, tr)
	train(t, tr, 0, 4)
	want := state(t, tr)

	tr = newTrainer(t, dev, c)
	train(t, tr, 0, 1)
	bad := tinyBatch(c, 1)
	dev.Fill(tr.method.trained().gradients.block, 1e30)
	bad.Views[0][0] = 1 / (bad.Views[0][0] - bad.Views[0][0])
	if _, err := tr.Step(bad); err == nil {
		t.Fatal("infinity did not stop the run")
	}
	if _, err := tr.Load(bytes.NewReader(start)); err != nil {
		t.Fatal(err)
	}
	train(t, tr, 0, 4)
	if !bytes.Equal(want, state(t, tr)) {
		t.Error("the run after Load differs")
	}
}

// seal gives changed bytes of a checkpoint a valid checksum.
func seal(b []byte) []byte {
	n := len(b) - crc32.Size
	return binary.LittleEndian.AppendUint32(b[:n:n], checksum.Of(b[:n]))
}

func TestLoadRefuses(t *testing.T) {
	dev := reference.New(kernels.Float32)
	c := tiny(18)
	tr := newTrainer(t, dev, c)
	train(t, tr, 0, 1)
	good := state(t, tr)
	edit := func(from, to string) []byte { return seal(bytes.Replace(good, []byte(from), []byte(to), 1)) }
	size := fmt.Sprintf(`"elements":%d`, tr.method.trained().weights.size())
	flip := func(i int) []byte {
		b := bytes.Clone(good)
		b[(i+len(b))%len(b)] ^= 4
		return b
	}
	version := bytes.Clone(good)
	version[len(checkpointMagic)] = 2
	long := bytes.Clone(good)
	binary.LittleEndian.PutUint32(long[len(checkpointMagic)+4:], 1<<31)

	for _, b := range []struct {
		name string
		data []byte
		want []string
	}{
		{"empty", nil, []string{"not a checkpoint"}},
		{"foreign", []byte("\x93NUMPY, a matrix of 1000 x 1000"), []string{"not a checkpoint", checkpointMagic}},
		{"newer version", version, []string{"version 2", "reads version 1"}},
		{"header too long", long, []string{"corrupted", "at most"}},
		{"truncated in the header", good[:100], []string{"truncated in the header"}},
		{"truncated in a block", good[:len(good)-100], []string{"truncated", "expected"}},
		{"bytes behind", append(bytes.Clone(good), 1), []string{"corrupted", "expected"}},
		{"a bit of a weight", flip(-200), []string{"corrupted", "checksum"}},
		{"a bit of the checksum", flip(-1), []string{"corrupted", "checksum"}},
		{"header is not JSON", edit(`{"config"`, `["config"`), []string{"corrupted header"}},
		{"other architecture", edit(`"depth":18`, `"depth":34`), []string{"arch.depth is 34 in the file, expected 18"}},
		{"other settings", edit(`"beta1":0.9`, `"beta1":0.8`), []string{"optimiser.beta1 is 0.8 in the file, expected 0.9"}},
		{"other batch", edit(`"batch":4`, `"batch":8`), []string{"batch is 8 in the file, expected 4"}},
		{"counters", edit(`"updates":1`, `"updates":7`), []string{"impossible counters", "7 updates"}},
		{"networks", edit(`"target":2`, `"tarjet":2`), []string{"network target"}},
		{"block", edit(`"target.weights"`, `"tarjet.weights"`), []string{"block 2 is tarjet.weights", "expected target.weights"}},
		{"size of a block", edit(size, strings.Replace(size, "1", "9", 1)), []string{"truncated or corrupted"}},
	} {
		t.Run(b.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.ckpt")
			if err := os.WriteFile(path, b.data, 0o666); err != nil {
				t.Fatal(err)
			}
			_, err := LoadCheckpoint(path, tr)
			for _, want := range append(b.want, path) {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, expected one with %q", err, want)
				}
			}
			if !bytes.Equal(state(t, tr), good) {
				t.Error("the trainer has changed")
			}
		})
	}
	if _, err := LoadCheckpoint(filepath.Join(t.TempDir(), "none.ckpt"), tr); err == nil {
		t.Error("a file that is not there was loaded")
	}
	fails := errors.New("input/output error")
	for _, n := range []int{0, 5, 100, len(good) - 100} { // a disk that fails makes no truncated checkpoint
		disk := struct {
			io.Reader
			io.Seeker
		}{io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(fails)), bytes.NewReader(good)}
		if _, err := tr.Load(disk); !errors.Is(err, fails) {
			t.Errorf("reading fails behind %d bytes: error %v", n, err)
		}
	}
	tr.config.Data = strings.Repeat("x", maxHeader)
	if err := tr.Save(&bytes.Buffer{}, Position{}); err == nil || !strings.Contains(err.Error(), "a reader accepts") {
		t.Errorf("a header that no reader accepts: error %v", err)
	}
	double := newTrainer(t, reference.New(kernels.Float64), c)
	if err := double.Save(&bytes.Buffer{}, Position{}); err == nil {
		t.Error("a float64 run was rounded into a checkpoint")
	}
	if _, err := double.Load(bytes.NewReader(good)); err == nil {
		t.Error("a checkpoint was loaded into a float64 run")
	}
}

func TestReadCheckpointInfo(t *testing.T) {
	tr := newTrainer(t, reference.New(kernels.Float32), tiny(18))
	train(t, tr, 0, 3)
	path := filepath.Join(t.TempDir(), "last.ckpt")
	if err := SaveCheckpoint(path, tr, Position{Epoch: 5, Batch: 6}); err != nil {
		t.Fatal(err)
	}
	got, err := ReadCheckpointInfo(path)
	want := CheckpointInfo{Version: 1, Config: tr.Config(), Device: "reference/float32", Arithmetic: Arithmetic, Steps: 3, Updates: 3, Position: Position{5, 6}, State: stateOf(t, path)}
	if err != nil || got != want {
		t.Errorf("%+v, %v, expected %+v", got, err, want)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("the folder holds %v, expected the checkpoint alone", left)
	}
	if err := os.WriteFile(path, []byte("gzptckpt"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCheckpointInfo(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, expected one that names the file", err)
	}
}

// stateOf is the checksum of the blocks of a checkpoint.
func stateOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%08x", checksum.Of(blocksOf(t, text)))
}

// TestProvenance: an exported backbone names the step that it is of and the checkpoint that has the same weights, also where
// that was loaded; after a further step there is none.
func TestProvenance(t *testing.T) {
	dev, path := reference.New(kernels.Float32), filepath.Join(t.TempDir(), "last.ckpt")
	c := tiny(18)
	first, second := newTrainer(t, dev, c), newTrainer(t, dev, c)
	train(t, first, 0, 2)
	if err := SaveCheckpoint(path, first, Position{}); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadCheckpoint(path, second); err != nil {
		t.Fatal(err)
	}
	want := Provenance{Step: 2, Steps: c.Steps, State: stateOf(t, path)}
	for i, tr := range []*Trainer{first, second, second} {
		if i == 2 {
			train(t, tr, 2, 1)
			want.Step, want.State = 3, ""
		}
		exported := filepath.Join(t.TempDir(), "backbone.safetensors")
		if err := ExportBackbone(exported, tr); err != nil {
			t.Fatal(err)
		}
		encoder, err := LoadEncoder(dev, exported, 1, c.Height, c.Width)
		if err != nil {
			t.Fatal(err)
		}
		if got := encoder.Found().Provenance; got == nil || *got != want {
			t.Errorf("trainer %d: %+v, expected %+v", i, got, want)
		}
		damaged, err := os.ReadFile(exported)
		if err != nil {
			t.Fatal(err)
		}
		damaged[len(damaged)/2] ^= 1 // the last digit of a weight
		if err := os.WriteFile(exported, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadEncoder(dev, exported, 1, c.Height, c.Width); !errors.Is(err, checksum.ErrDamaged) || !strings.Contains(err.Error(), exported) {
			t.Errorf("a damaged backbone gives %v", err)
		}
	}
}

// TestProvenanceOfALoadedBackbone: a trainer that gets a backbone is in the state of no checkpoint any more.
func TestProvenanceOfALoadedBackbone(t *testing.T) {
	dev, folder := reference.New(kernels.Float32), t.TempDir()
	tr, exported := newTrainer(t, dev, tiny(18)), filepath.Join(folder, "backbone.safetensors")
	if err := SaveCheckpoint(filepath.Join(folder, "last.ckpt"), tr, Position{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{stateOf(t, filepath.Join(folder, "last.ckpt")), ""} {
		if err := ExportBackbone(exported, tr); err != nil {
			t.Fatal(err)
		}
		found, err := LoadBackbone(exported, tr)
		if err != nil || found.Provenance == nil || found.Provenance.State != want {
			t.Fatalf("%+v, %v, expected the state %q", found, err, want)
		}
	}
}

// TestSaveKeepsOld: a checkpoint that cannot be written leaves the old one.
func TestSaveKeepsOld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "last.ckpt")
	tr := newTrainer(t, reference.New(kernels.Float32), tiny(18))
	if err := SaveCheckpoint(path, tr, Position{}); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tr.failed = os.ErrInvalid
	if err := SaveCheckpoint(path, tr, Position{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, expected one that names the file", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, old) {
		t.Errorf("the old checkpoint was lost: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("the folder holds %v, expected the old checkpoint alone", left)
	}
}

// FuzzVerify: whatever the bytes, a checkpoint is refused or its parts fill the file.
func FuzzVerify(f *testing.F) {
	f.Add(seal(assemble([]byte(`{"blocks":[{"name":"a","elements":2}]}`), make([]byte, 8))))
	f.Add(seal(assemble([]byte(`{}`), nil)))
	f.Add([]byte("gzptckpt\x01\x00\x00\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, at, err := verifyCheckpoint(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, b := range h.Blocks {
			at += 4 * b.Elements
		}
		if at+crc32.Size != int64(len(data)) {
			t.Fatalf("blocks up to byte %d in a file of %d", at, len(data))
		}
	})
}

// assemble is a checkpoint of a header and blocks, with room for a checksum.
func assemble(header, blocks []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(checkpointMagic), checkpointVersion)
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(header))), header...)
	return append(append(b, blocks...), make([]byte, crc32.Size)...)
}

// FuzzLoad: whatever the header of a file with a right checksum says, Load refuses it and changes nothing, or the trainer
// then writes the same blocks.
func FuzzLoad(f *testing.F) {
	c := tiny(18)
	c.Arch.Width, c.ProjectorHidden, c.PredictorHidden, c.Embedding = 1, 1, 1, 1
	tr := newTrainer(f, reference.New(kernels.Float32), c)
	good := state(f, tr)
	n := int(binary.LittleEndian.Uint32(good[len(checkpointMagic)+4:]))
	header, blocks := good[fixedHeader:fixedHeader+n], good[fixedHeader+n:len(good)-crc32.Size]
	f.Add(header)
	f.Add(bytes.Replace(header, []byte(`"steps":0,"updates":0`), []byte(`"steps":3,"updates":3`), 1))
	f.Add(bytes.Replace(header, []byte(`"target":`), []byte(`"target":7`), 1))
	f.Add([]byte(`{"config":{},"blocks":[{"name":"online.weights","elements":-1}]}`))
	f.Fuzz(func(t *testing.T, header []byte) {
		before := state(t, tr)
		if _, err := tr.Load(bytes.NewReader(seal(assemble(header, blocks)))); err != nil {
			if !bytes.Equal(before, state(t, tr)) {
				t.Fatal("a refused file changed the trainer")
			}
		} else if now := state(t, tr); !bytes.HasSuffix(now[:len(now)-crc32.Size], blocks) {
			t.Fatal("the trainer does not hold what the file did")
		}
	})
}

// TestLoadRefusesItems: a queue whose cursor or items cannot be is refused, and the trainer with it.
func TestLoadRefusesItems(t *testing.T) {
	dev := reference.New(kernels.Float32)
	c := tinyMethod("moco", 18)
	tr := newTrainer(t, dev, c)
	train(t, tr, 0, 1)
	good := state(t, tr)
	end := len(good) - crc32.Size
	set := func(back int, value int32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[end-4*back:], uint32(value))
		return seal(b)
	}
	for want, data := range map[string][]byte{
		"queue.cursor: element 0 is 18, expected 0 to 17":          set(1, 18),
		"queue.cursor: element 0 is -1, expected 0 to 17":          set(1, -1),
		"queue.items: element 17 is -2, expected -1 to 2147483647": set(2, -2),
	} {
		other := newTrainer(t, dev, c)
		_, err := other.Load(bytes.NewReader(data))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected one with %q", err, want)
		}
		if _, again := other.Step(tinyBatch(c, 1)); again == nil {
			t.Error("a trainer that was loaded in part goes on")
		}
	}
	if _, err := tr.Load(bytes.NewReader(good)); err != nil {
		t.Error(err)
	}
}
