package cuda

// Source is a file of kernels as the device loads it: PTX with the functions that it calls.
type Source struct{ Name, Text string }

// Sources are all files of kernels that ship.
func Sources() ([]Source, error) {
	list, err := families()
	if err != nil {
		return nil, err
	}
	sources := make([]Source, len(list))
	for i, f := range list {
		sources[i] = Source{f.name, f.text}
	}
	return sources, nil
}
