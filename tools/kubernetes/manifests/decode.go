package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

// Strict: a field that the API does not know, or one that stands there twice, is an error at any depth. Without it both are dropped.
var codecs = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)

// Decode reads the objects of a file into the API's own types.
func Decode(text []byte) ([]runtime.Object, error) {
	documents, err := Documents(text)
	faults := []error{err}
	var objects []runtime.Object
	for _, document := range documents {
		object, _, err := codecs.UniversalDeserializer().Decode(document, nil, nil)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", head(document), err))
			continue
		}
		objects = append(objects, object)
	}
	return objects, errors.Join(faults...)
}

// Documents are the parts of a file that hold more than comments.
func Documents(text []byte) ([][]byte, error) {
	var found [][]byte
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return found, err
		}
		if !isEmpty(document) {
			found = append(found, document)
		}
	}
}

// head names a document that cannot be decoded, as far as it says its name.
func head(document []byte) string {
	var object metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(document, &object); err != nil {
		return "a document"
	}
	return Name(&object)
}

func isEmpty(document []byte) bool {
	json, err := yaml.ToJSON(document)
	return err == nil && string(bytes.TrimSpace(json)) == "null"
}

// Name is an object as people name it, such as `CronJob adjust-s2s`.
func Name(object runtime.Object) string {
	kind := object.GetObjectKind().GroupVersionKind().Kind
	accessor, err := meta.Accessor(object)
	if err != nil {
		return kind
	}
	return kind + " " + accessor.GetName()
}
