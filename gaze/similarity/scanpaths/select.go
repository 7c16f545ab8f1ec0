package scanpaths

// median is the median of some numbers as [bits], at least one; of an even count, the mean of the middle two after
// transform. It reorders them.
func median(values []int64, transform func(float64) float64) float64 {
	low, high := middle(values)
	if low == high {
		return transform(fromBits(low))
	}
	return (transform(fromBits(low)) + transform(fromBits(high))) / 2
}

// middle is the two values in the middle of the sorted values, at least one; one value twice where their number is odd.
// It reorders them.
func middle(values []int64) (low, high int64) {
	k := (len(values) - 1) / 2
	low = selectNth(values, k)
	if len(values)%2 == 1 {
		return low, low
	}
	high = values[k+1]
	for _, v := range values[k+2:] {
		high = min(high, v)
	}
	return low, high
}

// selectNth returns the value that would be at index k if the values were sorted, and puts none larger before and none
// smaller behind it (Hoare, CACM 1961; the partition is that of Lomuto, without branches). The pivot is the median of
// three.
func selectNth(values []int64, k int) int64 {
	for len(values) > 1 {
		last := len(values) - 1
		a, b, c := values[0], values[last/2], values[last]
		pivot := max(min(a, b), min(max(a, b), c))
		below := partition(values, pivot)
		if k < below {
			values = values[:below]
			continue
		}
		if below == 0 { // the pivot is the smallest: leave out all that equal it, of which there may be many
			if below = partition(values, pivot+1); k < below {
				return pivot
			}
		}
		values, k = values[below:], k-below
	}
	return values[0]
}

// partition moves the values below the pivot to the front and counts them.
func partition(values []int64, pivot int64) int {
	count := 0
	for i, v := range values {
		values[i] = values[count]
		values[count] = v
		if v < pivot {
			count++
		}
	}
	return count
}
