io_uring-libs := -luring
