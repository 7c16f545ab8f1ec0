package relation

import (
	"context"
	"errors"
	"os"

	"gzpt/kernels/checksum"
	"gzpt/kernels/input"
)

// Draft is a relation that is being made, in memory or in a file that gets its name when the relation is whole.
type Draft struct {
	relation *Relation
	journal  *journal
}

// Begin makes the draft of a relation of len(hasGaze) items, in memory or, where file is not "", in a .npy file: the matrix
// may then be larger than the memory. A file beside it records which blocks are done, so that the draft goes on with them if
// one of the same inputs was interrupted; inputs is a digest of everything that the similarities depend on. Where the system
// cannot map files, the matrix is made in memory and then written.
func Begin(hasGaze []bool, file, inputs string) (*Draft, error) {
	j := &journal{file: file, record: record{Inputs: inputs, Items: len(hasGaze)}}
	r, err := j.relation(len(hasGaze), j.attach)
	if err != nil {
		return nil, err
	}
	copy(r.HasGaze, hasGaze)
	return &Draft{r, j}, nil
}

// restart is the draft of a relation of n items from its beginning, whatever was done of it.
func restart(n int, file string) (*Draft, error) {
	j := &journal{file: file, record: record{Items: n}}
	r, err := j.relation(n, j.create)
	if err != nil {
		return nil, err
	}
	return &Draft{r, j}, nil
}

// Begun reports whether an interrupted draft has left a part of the relation for a file.
func Begun(file string) bool {
	j := journal{file: file}
	_, err := os.Stat(j.part())
	return err == nil
}

// Unchecked reports whether an interrupted draft of a relation for a file was begun by a version that kept no checksums: what is
// done of it is believed.
func Unchecked(file string) bool {
	var r record
	text, err := input.ReadFile((&journal{file: file}).blocks(), input.Document)
	return err == nil && checksum.UnmarshalJSON(text, &r) == nil && r.Done != nil && r.Sums == nil
}

// Discard removes what interrupted drafts of a relation for a file have left.
func Discard(file string) error {
	j := &journal{file: file}
	return errors.Join(remove(j.part()), remove(j.blocks()))
}

// Fill computes all blocks that are not done yet, and demands that those which are have the checksum that was recorded. progress, if not nil, is told how many of the total pairs are; never from
// two goroutines at once.
func (d *Draft) Fill(ctx context.Context, b Blocks, progress func(done, total int)) error {
	n, j := d.relation.N, d.journal
	if n == 0 {
		return ctx.Err()
	}
	blocks := (n + b.Side - 1) / b.Side
	j.begin(b.Side, blocks)
	done := 0
	buffer := make([]float32, min(b.Side, n)*min(b.Side, n))
	for row := range blocks {
		for col := row; col < blocks; col++ {
			rows, cols := spanOf(row, b.Side, n), spanOf(col, b.Side, n)
			if !j.has(row, col) {
				if err := ctx.Err(); err != nil {
					return err
				}
				dst := buffer[:rows.N*cols.N]
				if err := b.Compute(rows, cols, dst); err != nil {
					return err
				}
				if err := d.relation.store(ctx, b, rows, cols, dst); err != nil {
					return err
				}
				if err := j.add(ctx, row, col); err != nil {
					return err
				}
			} else if err := j.check(ctx, row, col); err != nil {
				return err
			}
			if row == col {
				done += rows.N * (rows.N - 1) / 2
			} else {
				done += rows.N * cols.N
			}
			if progress != nil && done > 0 {
				progress(done, n*(n-1)/2)
			}
		}
	}
	return ctx.Err()
}

// Complete is the relation, whose file has its name. The draft is used up.
func (d *Draft) Complete() (*Relation, error) {
	if err := d.journal.complete(d.relation); err != nil {
		return nil, errors.Join(err, d.relation.Close())
	}
	return d.relation, nil
}

// Suspend records what is done, for a later Begin, and gives the draft back.
func (d *Draft) Suspend() error { return errors.Join(d.journal.keep(), d.relation.Close()) }
