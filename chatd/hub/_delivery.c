/* The two loops over members, in C: what `chatd/hub/delivery.py` does, step by step, for all that a turn has.
 *
 * They are most of what the server itself adds to the kernel's part of a delivery. Whatever is not ordinary (a session
 * that falls behind, a frame that is not made yet, a socket that does not take everything) goes back to the methods in
 * Python.
 *
 * Only the stable ABI is used, so that one build serves every Python from 3.11 on, with one liberty: attributes in
 * `__slots__` are read in place. Where they lie is what their descriptors say (`struct member` below, the same in every
 * CPython since 3.3); a descriptor that does not look as expected is not trusted, and the attribute is then asked for
 * by its name like any other.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <string.h>
#include <structmember.h>
#include <sys/socket.h>
#include <sys/types.h>

struct member {
    PyObject_HEAD
    PyTypeObject *type;
    PyObject *name, *qualname;
    PyMemberDef *definition;
};

enum { ATTRIBUTES = 6 };

/* One kind of object: the attributes that are wanted of it, and where they lie in the type that was seen last. */
struct kind {
    const char *names[ATTRIBUTES];
    PyObject *interned[ATTRIBUTES];
    PyTypeObject *type;
    Py_ssize_t offsets[ATTRIBUTES]; /* 0: has to be asked for by name */
};

enum { CURSOR, TOLD, STATE, SESSION, FLOOR };
enum { OUTBOX, SOCKET, FORMAT, MINE_CURSOR, MINE_HEAD };
enum { WRITABLE, DIRECT };

static struct kind follows = {.names = {"cursor", "told", "state", "session", "floor"}};
static struct kind sessions = {.names = {"outbox", "socket", "format", "mine_cursor", "mine_head"}};
static struct kind sockets = {.names = {"writable", "direct"}};
static PyTypeObject *member_type;
static PyObject *empty, *n_fall_behind, *n_frame, *n_full, *n_left, *n_lowest_target, *n_segment_after, *n_send,
    *n_send_later, *n_upto;

/* -- attributes */

/* Where an attribute lies in objects of a type, or 0 if that is not known for sure. */
static Py_ssize_t offset_in(PyTypeObject *type, PyObject *name, const char *text, Py_ssize_t size)
{
    PyObject *found = PyObject_GetAttr((PyObject *)type, name);
    Py_ssize_t offset = 0;
    if (found == NULL) {
        PyErr_Clear();
        return 0;
    }
    if (Py_TYPE(found) == member_type) {
        const PyMemberDef *definition = ((struct member *)found)->definition;
        if (definition->type == T_OBJECT_EX && strcmp(definition->name, text) == 0 && definition->offset > 0 &&
            definition->offset % (Py_ssize_t)sizeof(PyObject *) == 0 &&
            definition->offset + (Py_ssize_t)sizeof(PyObject *) <= size)
            offset = definition->offset;
    }
    Py_DECREF(found);
    return offset;
}

static void learn(struct kind *kind, PyTypeObject *type)
{
    PyObject *basic = PyObject_GetAttrString((PyObject *)type, "__basicsize__");
    Py_ssize_t size = basic == NULL ? 0 : PyLong_AsSsize_t(basic);
    Py_XDECREF(basic);
    PyErr_Clear();
    for (int i = 0; i < ATTRIBUTES && kind->names[i] != NULL; i++)
        kind->offsets[i] = offset_in(type, kind->interned[i], kind->names[i], size);
    Py_INCREF((PyObject *)type); /* kept for good: there are two or three of them */
    kind->type = type;
}

/* Where the attribute of this object lies; NULL if it has to be asked for by name. */
static inline PyObject **place(struct kind *kind, PyObject *thing, int attribute)
{
    if (Py_TYPE(thing) != kind->type)
        learn(kind, Py_TYPE(thing));
    Py_ssize_t offset = kind->offsets[attribute];
    return offset ? (PyObject **)((char *)thing + offset) : NULL;
}

/* The value of an attribute, as a new reference. */
static inline PyObject *get(struct kind *kind, PyObject *thing, int attribute)
{
    PyObject **at = place(kind, thing, attribute);
    if (at == NULL || *at == NULL)
        return PyObject_GetAttr(thing, kind->interned[attribute]);
    Py_INCREF(*at);
    return *at;
}

static inline int set(struct kind *kind, PyObject *thing, int attribute, PyObject *value)
{
    PyObject **at = place(kind, thing, attribute);
    if (at == NULL)
        return PyObject_SetAttr(thing, kind->interned[attribute], value);
    PyObject *before = *at;
    Py_INCREF(value);
    *at = value;
    Py_XDECREF(before);
    return 0;
}

static int failed(long long number)
{
    return number == -1 && PyErr_Occurred() != NULL;
}

/* An attribute that is an int. Returns -1, which may be its value, with an exception set if there is none. */
static inline long long number_of(struct kind *kind, PyObject *thing, int attribute)
{
    PyObject *value = get(kind, thing, attribute);
    long long number = value == NULL ? -1 : PyLong_AsLongLong(value);
    Py_XDECREF(value);
    return number;
}

static void forget(PyObject **slot)
{
    PyObject *value = *slot;
    *slot = NULL;
    Py_XDECREF(value);
}

static void keep(PyObject **slot, PyObject *value)
{
    Py_INCREF(value);
    forget(slot);
    *slot = value;
}

/* -- from a group to the outboxes of its sessions */

struct pass {
    PyObject *run, *touched, *live; /* lent */
    PyObject *upto;
    PyObject *cursor, *shared, *full; /* what those at this cursor get, and the frames made of it */
    PyObject *format, *frame;         /* the one that was taken last */
    long long upto_number, after, lowest_target;
};

/* Find what those at this cursor get. */
static int share(struct pass *pass, PyObject *cursor, long long after)
{
    forget(&pass->full);
    forget(&pass->format);
    forget(&pass->frame);
    forget(&pass->shared);
    keep(&pass->cursor, cursor);
    pass->after = after;
    pass->shared = PyObject_CallMethodObjArgs(pass->run, n_segment_after, cursor, NULL);
    if (pass->shared == NULL)
        return -1;
    if (pass->shared == Py_None)
        return 0;
    pass->full = PyObject_GetAttr(pass->shared, n_full);
    PyObject *lowest = pass->full == NULL ? NULL : PyObject_GetAttr(pass->shared, n_lowest_target);
    pass->lowest_target = lowest == NULL ? -1 : PyLong_AsLongLong(lowest);
    Py_XDECREF(lowest);
    return failed(pass->lowest_target) ? -1 : 0;
}

/* The frame for somebody with this format and floor, as a new reference. */
static PyObject *frame_for(struct pass *pass, PyObject *format, PyObject *floor)
{
    long long number = PyLong_AsLongLong(floor);
    if (failed(number))
        return NULL;
    if (number >= pass->lowest_target)
        return PyObject_CallMethodObjArgs(pass->shared, n_frame, format, floor, NULL);
    if (format != pass->format) {
        PyObject *frame = PyDict_GetItemWithError(pass->full, format);
        if (frame == NULL)
            return PyErr_Occurred() ? NULL : PyObject_CallMethodObjArgs(pass->shared, n_frame, format, floor, NULL);
        keep(&pass->frame, frame);
        keep(&pass->format, format);
    }
    Py_INCREF(pass->frame);
    return pass->frame;
}

/* Whether the session takes it now. Returns 1, 0, or -1 with an exception set. */
static int is_ready(PyObject *session)
{
    PyObject *socket = get(&sessions, session, SOCKET);
    PyObject *writable = socket == NULL ? NULL : get(&sockets, socket, WRITABLE);
    int ready = writable == NULL ? -1 : PyObject_IsTrue(writable);
    Py_XDECREF(writable);
    Py_XDECREF(socket);
    if (ready != 1)
        return ready;
    long long cursor = number_of(&sessions, session, MINE_CURSOR);
    if (failed(cursor))
        return -1;
    long long head = number_of(&sessions, session, MINE_HEAD);
    return failed(head) ? -1 : cursor == head;
}

static int put(struct pass *pass, PyObject *session, PyObject *frame)
{
    PyObject *outbox = get(&sessions, session, OUTBOX);
    if (outbox == NULL)
        return -1;
    Py_ssize_t waiting = PyBytes_Size(outbox);
    if (waiting > 0) {
        PyBytes_Concat(&outbox, frame);
        int result = outbox == NULL ? -1 : set(&sessions, session, OUTBOX, outbox);
        Py_XDECREF(outbox);
        return result;
    }
    Py_DECREF(outbox);
    if (waiting < 0 || set(&sessions, session, OUTBOX, frame) < 0)
        return -1;
    return PyList_Append(pass->touched, session);
}

static int fall_behind(PyObject *session, PyObject *follow)
{
    PyObject *done = PyObject_CallMethodObjArgs(session, n_fall_behind, follow, NULL);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* One whose cursor is `cursor`. Returns 1 if there was a delivery, 0 if not, -1 with an exception set. */
static int deliver_behind(struct pass *pass, PyObject *follow, PyObject *cursor)
{
    PyObject *session = NULL, *format = NULL, *floor = NULL, *frame = NULL;
    int result = -1, ready = 0;

    if (cursor != pass->cursor) { /* nearly always the very same int, put there by the pass before */
        long long after = PyLong_AsLongLong(cursor);
        if (failed(after))
            return -1;
        if (after >= pass->upto_number)
            return 0;
        if ((pass->shared == NULL || after != pass->after) && share(pass, cursor, after) < 0)
            return -1;
    }
    if ((session = get(&follows, follow, SESSION)) == NULL)
        return -1;
    if (pass->shared != Py_None && (ready = is_ready(session)) < 0)
        goto end;
    if (!ready) {
        result = fall_behind(session, follow);
        goto end;
    }
    if ((format = get(&sessions, session, FORMAT)) == NULL || (floor = get(&follows, follow, FLOOR)) == NULL)
        goto end;
    if (set(&follows, follow, CURSOR, pass->upto) < 0 || set(&follows, follow, TOLD, pass->upto) < 0)
        goto end;
    if ((frame = frame_for(pass, format, floor)) != NULL && put(pass, session, frame) == 0)
        result = 1;
end:
    Py_XDECREF(frame);
    Py_XDECREF(floor);
    Py_XDECREF(format);
    Py_DECREF(session);
    return result;
}

static int deliver(struct pass *pass, PyObject *follow)
{
    PyObject *state = get(&follows, follow, STATE);
    if (state == NULL)
        return -1;
    Py_DECREF(state); /* only compared: the enumeration keeps its members */
    if (state != pass->live)
        return 0;
    PyObject *cursor = get(&follows, follow, CURSOR);
    if (cursor == NULL)
        return -1;
    int result = deliver_behind(pass, follow, cursor);
    Py_DECREF(cursor);
    return result;
}

static PyObject *hand_out(PyObject *module, PyObject *args)
{
    struct pass pass = {0};
    PyObject *left = NULL;
    long long most, done = 0;
    int ok = 0;

    (void)module;
    if (!PyArg_ParseTuple(args, "OO!LO", &pass.run, &PyList_Type, &pass.touched, &most, &pass.live))
        return NULL;
    if ((pass.upto = PyObject_GetAttr(pass.run, n_upto)) == NULL)
        return NULL;
    pass.upto_number = PyLong_AsLongLong(pass.upto);
    if (!failed(pass.upto_number) && (left = PyObject_GetAttr(pass.run, n_left)) != NULL)
        ok = 1;
    while (ok && done < most) {
        PyObject *follow = PyIter_Next(left);
        if (follow == NULL) {
            ok = PyErr_Occurred() == NULL;
            break;
        }
        int delivered = deliver(&pass, follow);
        Py_DECREF(follow);
        ok = delivered >= 0;
        done += delivered;
    }
    Py_XDECREF(left);
    forget(&pass.frame);
    forget(&pass.format);
    forget(&pass.full);
    forget(&pass.shared);
    forget(&pass.cursor);
    forget(&pass.upto);
    return ok ? PyLong_FromLongLong(done) : NULL;
}

/* -- from the outboxes to the sockets */

/* Write to a descriptor what it takes; the rest goes to the transport, which keeps the order. */
static int write_directly(PyObject *socket, int fd, PyObject *out)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(out, &bytes, &size) < 0)
        return -1;
    ssize_t taken = send(fd, bytes, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken == size)
        return 0;
    PyObject *count = PyLong_FromSsize_t(taken < 0 ? 0 : taken); /* full, or broken: the transport finds out which */
    PyObject *done = count == NULL ? NULL : PyObject_CallMethodObjArgs(socket, n_send_later, out, count, NULL);
    Py_XDECREF(count);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static int write_out(PyObject *session, PyObject *out)
{
    PyObject *socket = get(&sessions, session, SOCKET);
    int result = -1;
    if (socket != NULL && set(&sessions, session, OUTBOX, empty) == 0) {
        long long fd = number_of(&sockets, socket, DIRECT);
        if (fd >= 0) {
            result = write_directly(socket, (int)fd, out);
        } else if (!PyErr_Occurred()) {
            PyObject *done = PyObject_CallMethodObjArgs(socket, n_send, out, NULL);
            result = done == NULL ? -1 : 0;
            Py_XDECREF(done);
        }
    }
    Py_XDECREF(socket);
    return result;
}

static PyObject *flush(PyObject *module, PyObject *touched)
{
    (void)module;
    if (!PyList_Check(touched)) {
        PyErr_SetString(PyExc_TypeError, "flush expects a list of sessions");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyList_Size(touched); i++) {
        PyObject *session = PyList_GetItem(touched, i);
        Py_INCREF(session);
        PyObject *out = get(&sessions, session, OUTBOX);
        Py_ssize_t size = out == NULL ? -1 : PyBytes_Size(out);
        int result = size > 0 ? write_out(session, out) : (int)size;
        Py_XDECREF(out);
        Py_DECREF(session);
        if (result < 0)
            return NULL;
    }
    /* Not Py_RETURN_NONE: the headers of 3.12 take None for immortal, and 3.11 counts its references. */
    Py_INCREF(Py_None);
    return Py_None;
}

/* -- the module */

static PyMethodDef methods[] = {
    {"hand_out", hand_out, METH_VARARGS, "hand_out(run, touched, most, live): see chatd/hub/delivery.py."},
    {"flush", flush, METH_O, "flush(sessions): see chatd/hub/delivery.py."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_delivery", NULL, -1, methods, NULL, NULL, NULL, NULL};

static int intern(struct kind *kind)
{
    for (int i = 0; i < ATTRIBUTES && kind->names[i] != NULL; i++)
        if ((kind->interned[i] = PyUnicode_InternFromString(kind->names[i])) == NULL)
            return -1;
    return 0;
}

static int find_member_type(void)
{
    PyObject *types = PyImport_ImportModule("types");
    member_type = types == NULL ? NULL : (PyTypeObject *)PyObject_GetAttrString(types, "MemberDescriptorType");
    Py_XDECREF(types);
    return member_type == NULL ? -1 : 0;
}

PyMODINIT_FUNC PyInit__delivery(void)
{
    if (intern(&follows) < 0 || intern(&sessions) < 0 || intern(&sockets) < 0 || find_member_type() < 0)
        return NULL;
    if ((empty = PyBytes_FromStringAndSize(NULL, 0)) == NULL ||
        (n_fall_behind = PyUnicode_InternFromString("fall_behind")) == NULL ||
        (n_frame = PyUnicode_InternFromString("frame")) == NULL ||
        (n_full = PyUnicode_InternFromString("full")) == NULL ||
        (n_left = PyUnicode_InternFromString("left")) == NULL ||
        (n_lowest_target = PyUnicode_InternFromString("lowest_target")) == NULL ||
        (n_segment_after = PyUnicode_InternFromString("segment_after")) == NULL ||
        (n_send = PyUnicode_InternFromString("send")) == NULL ||
        (n_send_later = PyUnicode_InternFromString("send_later")) == NULL ||
        (n_upto = PyUnicode_InternFromString("upto")) == NULL)
        return NULL;
    return PyModule_Create(&module);
}
