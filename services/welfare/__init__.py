"""Welfare 普惠服务: budgets, vouchers, meals, settlements with merchants, refunds, courses."""
