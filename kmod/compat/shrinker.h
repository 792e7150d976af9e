/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Since 6.7 a shrinker is allocated by the kernel and carries a pointer of its
 * owner; before, the owner embedded it. This is the new interface on the old one.
 */
#ifndef KFRONT_COMPAT_SHRINKER_H
#define KFRONT_COMPAT_SHRINKER_H

#include <linux/shrinker.h>

#ifdef SHRINKER_ALLOCATED

static inline struct shrinker *kf_shrinker_alloc(const char *name, void *private)
{
	struct shrinker *s = shrinker_alloc(0, "%s", name);

	if (s)
		s->private_data = private;
	return s;
}

static inline void *kf_shrinker_private(struct shrinker *s)
{
	return s->private_data;
}

static inline int kf_shrinker_register(struct shrinker *s, const char *name)
{
	shrinker_register(s);
	return 0;
}

static inline void kf_shrinker_free(struct shrinker *s)
{
	shrinker_free(s);
}

#else

#include <linux/slab.h>

struct kf_old_shrinker {
	struct shrinker s;
	void *private;
	bool registered;
};

static inline struct shrinker *kf_shrinker_alloc(const char *name, void *private)
{
	struct kf_old_shrinker *old = kzalloc(sizeof(*old), GFP_KERNEL);

	if (!old)
		return NULL;
	old->private = private;
	old->s.seeks = DEFAULT_SEEKS;
	return &old->s;
}

static inline void *kf_shrinker_private(struct shrinker *s)
{
	return container_of(s, struct kf_old_shrinker, s)->private;
}

static inline int kf_shrinker_register(struct shrinker *s, const char *name)
{
	struct kf_old_shrinker *old = container_of(s, struct kf_old_shrinker, s);
	int err = register_shrinker(s, "%s", name);

	old->registered = !err;
	return err;
}

static inline void kf_shrinker_free(struct shrinker *s)
{
	struct kf_old_shrinker *old = container_of(s, struct kf_old_shrinker, s);

	if (old->registered)
		unregister_shrinker(s);
	kfree(old);
}

#endif

#endif /* KFRONT_COMPAT_SHRINKER_H */
