package manifests

import "errors"

// Check says everything that is wrong with a set, and how many objects it has.
func Check(set Set) (int, error) {
	objects, err := Decode(set.YAML)
	faults := []error{err}
	for _, object := range objects {
		faults = append(faults, Validate(object))
	}
	if err == nil {
		faults = append(faults, PodSecurity(objects))
	}
	return len(objects), errors.Join(faults...)
}
