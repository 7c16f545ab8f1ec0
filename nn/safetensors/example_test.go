package safetensors_test

import (
	"bytes"
	"fmt"
	"log"

	"gzpt/nn/safetensors"
)

// A tensor is written, and found again by its name. WriteSealed adds a checksum, which tells a file that was damaged.
func Example() {
	var b bytes.Buffer
	if err := safetensors.Write(&b, []safetensors.Tensor{{Name: "fc.bias", Shape: []int{2}, Floats: []float32{0.5, -1}}}); err != nil {
		log.Fatal(err)
	}
	file, err := safetensors.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		log.Fatal(err)
	}
	i, ok := file.Lookup("fc.bias")
	if !ok {
		log.Fatal("no fc.bias")
	}
	values, err := file.Floats(i)
	fmt.Println(file.Tensors()[i], values, err)
	fmt.Println("sealed:", file.Sealed())
	// Output:
	// fc.bias (F32 [2]) [0.5 -1] <nil>
	// sealed: false
}
