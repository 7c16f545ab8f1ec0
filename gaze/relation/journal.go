package relation

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"gzpt/gaze"
	"gzpt/gaze/internal/parallel"
	"gzpt/kernels/atomicfile"
	"gzpt/kernels/checksum"
	"gzpt/kernels/input"
	"gzpt/kernels/npy"
)

// journal records which blocks of a relation are in its file, so that an interrupted run continues. Without a file it
// has nothing and records nothing.
//
// The matrix is written to FILE.part and gets its name when it is whole; FILE.blocks is the record.
type journal struct {
	file   string
	matrix *npy.Mapped // nil without a file, and where files cannot be mapped
	record record
	saved  time.Time
}

// record is what FILE.blocks holds.
type record struct {
	// Inputs is a digest of everything that the values depend on: a record of other inputs is of no use.
	Inputs string `json:"inputs"`
	Items  int    `json:"items"`
	Side   int    `json:"side"`
	Blocks int    `json:"blocks"`
	Done   []byte `json:"done"` // a bit for each block, row by row
	// Sums is the checksum of each block that is done, with its mirror image; nil where an older version began the matrix.
	Sums []uint32 `json:"sums,omitempty"`
}

func (j *journal) part() string   { return j.file + ".part" }
func (j *journal) blocks() string { return j.file + ".blocks" }

// relation is one of n items, in the file that attach opens if there is to be any and the system can map it.
func (j *journal) relation(n int, attach func() error) (*Relation, error) {
	if j.file != "" {
		err := attach()
		if err == nil {
			return &Relation{N: n, Values: j.matrix.Data, HasGaze: make([]bool, n), mapped: j.matrix}, nil
		}
		if !errors.Is(err, npy.ErrNoMapping) {
			return nil, err
		}
	}
	return newRelation(n), nil
}

// attach continues a matrix whose record fits, or begins one.
func (j *journal) attach() error {
	var old record
	text, err := input.ReadFile(j.blocks(), input.Document)
	if err == nil {
		err = checksum.UnmarshalJSON(text, &old)
	}
	if errors.Is(err, checksum.ErrDamaged) {
		return fmt.Errorf("%s: %w; without it and %s the matrix begins anew", j.blocks(), err, j.part())
	}
	if err == nil && old.Inputs == j.record.Inputs && old.Items == j.record.Items {
		if m, err := npy.OpenMapped(j.part(), true); err == nil && len(m.Dims) == 2 && m.Dims[0] == old.Items && m.Dims[1] == old.Items {
			j.matrix, j.record = m, old
			return nil
		}
	}
	return j.create()
}

// create begins a matrix.
func (j *journal) create() error {
	err := remove(j.part())
	if err == nil {
		j.matrix, err = npy.CreateMapped(j.part(), []int{j.record.Items, j.record.Items})
	}
	return err
}

// remove removes a file if it is there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// begin says how the matrix is cut. A record of another cut is given up.
func (j *journal) begin(side, blocks int) {
	r := &j.record
	if r.Side != side || r.Blocks != blocks || len(r.Done) != (blocks*blocks+7)/8 || r.Sums != nil && len(r.Sums) != blocks*blocks {
		r.Side, r.Blocks, r.Done, r.Sums = side, blocks, make([]byte, (blocks*blocks+7)/8), make([]uint32, blocks*blocks)
	}
	j.saved = time.Now()
}

func (j *journal) has(a, b int) bool {
	bit := a*j.record.Blocks + b
	return j.matrix != nil && j.record.Done[bit/8]&(1<<(bit%8)) != 0
}

// saveEvery is how much work a power cut can cost.
const saveEvery = 10 * time.Second

// add records a block, which lies in the matrix.
func (j *journal) add(ctx context.Context, a, b int) error {
	bit := a*j.record.Blocks + b
	if j.matrix != nil && j.record.Sums != nil {
		sum, err := j.checksum(ctx, a, b)
		if err != nil {
			return err
		}
		j.record.Sums[bit] = sum
	}
	j.record.Done[bit/8] |= 1 << (bit % 8)
	if j.matrix == nil || time.Since(j.saved) < saveEvery {
		return nil
	}
	return j.save()
}

// check demands that a block which was done before is what was computed.
func (j *journal) check(ctx context.Context, a, b int) error {
	if j.record.Sums == nil {
		return nil
	}
	sum, err := j.checksum(ctx, a, b)
	if err == nil && sum != j.record.Sums[a*j.record.Blocks+b] {
		rows, cols := spanOf(a, j.record.Side, j.record.Items), spanOf(b, j.record.Side, j.record.Items)
		err = gaze.Problem{File: j.part(), Reason: fmt.Sprintf("rows %d to %d, columns %d to %d: %v: their checksum is %s; without it and %s the matrix begins anew",
			rows.First, rows.First+rows.N-1, cols.First, cols.First+cols.N-1, checksum.ErrDamaged, checksum.Text(sum), j.blocks())}
	}
	return err
}

// checksum is that of a block and its mirror image as they lie in the file: of the checksums of their rows.
func (j *journal) checksum(ctx context.Context, a, b int) (uint32, error) {
	n := j.record.Items
	rows, cols := spanOf(a, j.record.Side, n), spanOf(b, j.record.Side, n)
	lines := rows.N + cols.N
	sums := make([]byte, 4*lines)
	bands := (lines + storeRows - 1) / storeRows
	err := parallel.Each(ctx, bands, func() func(int) {
		return func(band int) {
			for k := band * storeRows; k < min((band+1)*storeRows, lines); k++ {
				row, part := rows.First+k, cols
				if k >= rows.N {
					row, part = cols.First+k-rows.N, rows
				}
				binary.LittleEndian.PutUint32(sums[4*k:], checksum.Of(j.matrix.Bytes(row*n+part.First, part.N)))
			}
		}
	})
	return checksum.Of(sums), err
}

// save writes the record after the blocks that it speaks of.
func (j *journal) save() error {
	if err := j.matrix.Sync(); err != nil {
		return err
	}
	text, err := checksum.MarshalJSON(j.record)
	if err != nil {
		return err
	}
	j.saved = time.Now()
	return atomicfile.Write(j.blocks(), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// keep saves what is done for the next run.
func (j *journal) keep() error {
	if j.matrix == nil {
		return nil
	}
	return j.save()
}

// complete gives the matrix its name.
func (j *journal) complete(r *Relation) error {
	switch {
	case j.file == "":
		return nil
	case j.matrix == nil:
		return npy.WriteFile(j.file, []int{r.N, r.N}, r.Values)
	}
	if err := j.matrix.Sync(); err != nil {
		return err
	}
	if err := os.Rename(j.part(), j.file); err != nil {
		return err
	}
	return remove(j.blocks())
}

// discard removes the matrix, which has no name yet, and the record.
func (j *journal) discard() error {
	if j.matrix == nil {
		return nil
	}
	return Discard(j.file)
}
