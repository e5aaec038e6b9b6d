package manifests

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
)

type served struct {
	resource string
	// What the API server itself asks before it stores an object.
	strategy rest.RESTCreateStrategy
}

// kinds that the manifests may hold. The library still reads versions that no server has any more; they are not here.
var kinds = map[schema.GroupVersionKind]served{
	{Version: "v1", Kind: "Namespace"}:                                 {"namespaces", namespace.Strategy},
	{Version: "v1", Kind: "ServiceAccount"}:                            {"serviceaccounts", serviceaccount.Strategy},
	{Version: "v1", Kind: "ConfigMap"}:                                 {"configmaps", configmap.Strategy},
	{Version: "v1", Kind: "PersistentVolumeClaim"}:                     {"persistentvolumeclaims", persistentvolumeclaim.Strategy},
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}: {"networkpolicies", networkpolicy.Strategy},
	{Group: "batch", Version: "v1", Kind: "CronJob"}:                   {"cronjobs", cronjob.Strategy},
}

// Validate fills in the API's defaults and does what the API server does on a create: its own validation, and its warnings as errors.
func Validate(object runtime.Object) error {
	version := object.GetObjectKind().GroupVersionKind()
	kind, ok := kinds[version]
	if !ok {
		return fmt.Errorf("%s: no validation is known for %s; add its strategy", Name(object), version)
	}
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	defaulted := object.DeepCopyObject()
	legacyscheme.Scheme.Default(defaulted)
	internal, err := legacyscheme.Scheme.ConvertToVersion(defaulted, schema.GroupVersion{Group: version.Group, Version: runtime.APIVersionInternal})
	if err != nil {
		return err
	}
	stored, err := meta.Accessor(internal)
	if err != nil {
		return err
	}
	rest.FillObjectMetaSystemFields(stored)
	ctx := requestFor(version.GroupVersion(), kind.resource, accessor.GetNamespace())
	if err := rest.BeforeCreate(kind.strategy, ctx, internal); err != nil {
		return err
	}
	if warnings := kind.strategy.WarningsOnCreate(ctx, internal); len(warnings) > 0 {
		return fmt.Errorf("%s: the API server warns: %v", Name(object), warnings)
	}
	return nil
}

// requestFor is the context of a create request: validation depends on the version that was asked for.
func requestFor(version schema.GroupVersion, resource, namespace string) context.Context {
	return request.WithRequestInfo(request.WithNamespace(context.Background(), namespace), &request.RequestInfo{
		IsResourceRequest: true,
		Verb:              "create",
		APIGroup:          version.Group,
		APIVersion:        version.Version,
		Resource:          resource,
		Namespace:         namespace,
	})
}
