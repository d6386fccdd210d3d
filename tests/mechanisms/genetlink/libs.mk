genetlink-libs := -lnl-genl-3 -lnl-3
