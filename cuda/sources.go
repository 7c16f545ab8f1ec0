package cuda

// Source is a file of kernels as the device loads it: PTX with the functions that it calls.
type Source struct{ Name, Text string }

// Sources are all files of kernels that ship, in all variants that they have.
func Sources() ([]Source, error) {
	list, err := families()
	if err != nil {
		return nil, err
	}
	var sources []Source
	for _, f := range inAllVariants(list) {
		sources = append(sources, Source{f.name, f.text})
	}
	return sources, nil
}
