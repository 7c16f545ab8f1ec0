package names

// tree holds names by their parts, the last part first: below a node are the images whose names end with the parts that
// lead to it.
type tree struct {
	nodes []node
	next  map[edge]int32
}

// edge is a part of a name after those that lead to a node.
type edge struct {
	node int32
	part string
}

// node is the images below it, and of those the images whose names have no more parts.
type node struct{ below, ends group }

// group counts images and holds the first few.
type group struct {
	count int32
	first [3]int32
}

func (g *group) add(image int) {
	if int(g.count) < len(g.first) {
		g.first[g.count] = int32(image)
	}
	g.count++
}

// join is the images of both.
func (g group) join(other group) group {
	for i := range other.first[:min(int(other.count), len(other.first))] {
		if at := int(g.count) + i; at < len(g.first) {
			g.first[at] = other.first[i]
		}
	}
	g.count += other.count
	return g
}

func newTree(images int) *tree {
	return &tree{nodes: make([]node, 1, 2*images+1), next: make(map[edge]int32, 2*images)}
}

// add adds an image under the parts of its name.
func (t *tree) add(image int, parts []string) {
	at := int32(0)
	for _, part := range parts {
		e := edge{at, part}
		next, ok := t.next[e]
		if !ok {
			next = int32(len(t.nodes))
			t.next[e] = next
			t.nodes = append(t.nodes, node{})
		}
		t.nodes[next].below.add(image)
		at = next
	}
	t.nodes[at].ends.add(image)
}

// walk is the nodes that the parts lead to, as far as there are any.
func (t *tree) walk(parts []string) []int32 {
	var walked []int32
	at := int32(0)
	for _, part := range parts {
		next, ok := t.next[edge{at, part}]
		if !ok {
			break
		}
		walked = append(walked, next)
		at = next
	}
	return walked
}
